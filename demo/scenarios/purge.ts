/** A price changes and its tag is purged: four places serve the new one before the purge is answered, and never the old one after. */
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { makeToken } from "../../src/config/admin-token.ts";
import { defineConfig } from "../../src/config/define.ts";
import { send } from "../client.ts";
import { close, listen } from "../listen.ts";
import { PLACES, type Place } from "../places.ts";
import { freePort } from "../ports.ts";
import type { Scenario, ScenarioResult, Stage } from "../scenario.ts";
import { purgeReport, type Purged, type Seen } from "./purge-report.ts";

const PURGES = 5;
const REQUESTS_PER_SECOND_EACH = 50;
const BEFORE_MS = 2_000;
/** The caches go on with the old price for so long before it is purged, and are watched for as long afterwards. */
const PAUSE_MS = 1_000;
const PATH = "/products/42";
const TAG = "product-42";

export const purge: Scenario = {
  name: "purge",
  summary: "a price changes and its tag is purged: the new one is in four places before the purge is answered",
  play,
};

async function play(stage: Stage): Promise<ScenarioResult> {
  const { signal, tell } = stage;
  const places = Object.values(PLACES);
  tell(`starting Fairlead in ${places.length} places, each with a memory of its own`);
  const shop = await startShop();
  try {
    // Loaded only now: wrangler takes seconds to load.
    const { startWorkerd } = await import("../workerd.ts");
    const { token, stored } = await makeToken("demo", ["purge"]);
    const vars = { ADMIN_TOKENS: JSON.stringify([stored]) };
    const workerd = await startWorkerd({ config: shopConfig(shop.port), edges: places.length, vars, signal });
    const seen: Seen[] = [];
    const clients = places.map((place, i) => startClient(place, workerd.edgePorts[i]!, (one) => void seen.push(one)));
    try {
      tell(
        `${places.map(({ city }) => city).join(", ")}: ${REQUESTS_PER_SECOND_EACH} requests a second each for ${PATH}, tagged ${TAG}, good for an hour`,
      );
      await sleep(BEFORE_MS, undefined, { signal });
      const purges: Purged[] = [];
      for (let round = 0; round < PURGES; round++) {
        shop.raisePrice();
        tell(`the price is ${shop.price()} at the shop; the caches still say ${shop.price() - 1}`);
        await sleep(PAUSE_MS, undefined, { signal });
        const from = round % places.length;
        purges.push(await purgeTag(places[from]!, workerd.edgePorts[from]!, token, shop.price(), stage));
        await sleep(PAUSE_MS, undefined, { signal });
        tellReach(tell, purges.at(-1)!, seen);
      }
      await Promise.all(clients.map((client) => client.stop()));
      return purgeReport(places, purges, seen, shop.asked());
    } finally {
      await Promise.all(clients.map((client) => client.stop()));
      await workerd.stop();
    }
  } finally {
    await shop.stop();
  }
}

async function purgeTag(place: Place, port: number, token: string, price: number, { tell }: Stage): Promise<Purged> {
  const sentMs = performance.now();
  const answer = await send({
    port,
    place,
    host: "127.0.0.1",
    method: "POST",
    path: "/api/v1/cache/purge",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ tags: [TAG] }),
  });
  const answeredMs = performance.now();
  if (answer.status !== 200) throw new Error(`The purge was refused: ${answer.body || answer.error}`);
  const { complete, hubs } = JSON.parse(answer.body) as {
    complete: boolean;
    hubs: { confirmed: number; total: number };
  };
  const how = complete ? `complete, ${hubs.confirmed} of ${hubs.total} hubs` : "not complete yet";
  tell(`${place.city} purges the tag: answered after ${(answeredMs - sentMs).toFixed(0)} ms, ${how}`);
  return { city: place.city, price, sentMs, answeredMs, complete };
}

/** When each place was first seen with the new price. */
function tellReach(tell: Stage["tell"], { price, sentMs, answeredMs }: Purged, seen: readonly Seen[]): void {
  const first = new Map<string, number>();
  for (const { city, price: got, endedMs } of seen) if (got === price && !first.has(city)) first.set(city, endedMs);
  const reached = [...first].map(([city, endedMs]) => `${city} ${(endedMs - sentMs).toFixed(0)} ms`);
  const late = seen.filter((one) => one.price !== null && one.price < price && one.sentMs >= answeredMs).length;
  tell(`first seen with the new price after: ${reached.join(", ")}; old prices since the answer: ${late}`);
}

/** One client at a time in a place, at a steady pace. */
function startClient(place: Place, port: number, onSeen: (seen: Seen) => void) {
  const underWay = new Set<Promise<void>>();
  const ask = async () => {
    const sentMs = performance.now();
    const { status, body, headers, error } = await send({ port, place, path: PATH, timeoutMs: 30_000 });
    const wrong = error ?? (status === 200 ? undefined : `status ${status}`);
    onSeen({
      city: place.city,
      sentMs,
      endedMs: performance.now(),
      price: wrong === undefined ? (JSON.parse(body) as { price: number }).price : null,
      isHit: String(headers["cache-status"]).startsWith("Fairlead; hit"),
      error: wrong,
    });
  };
  const timer = setInterval(() => {
    const asked = ask();
    underWay.add(asked);
    void asked.finally(() => underWay.delete(asked));
  }, 1_000 / REQUESTS_PER_SECOND_EACH);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}

/** A shop with one product. */
async function startShop() {
  let price = 1;
  let asked = 0;
  const port = await freePort();
  const server = createServer((_request, response) => {
    asked++;
    response.setHeader("Content-Type", "application/json");
    response.setHeader("Cache-Control", "max-age=3600");
    response.setHeader("Cache-Tag", TAG);
    response.end(JSON.stringify({ product: 42, price }));
  });
  await listen(server, port);
  return {
    port,
    price: () => price,
    asked: () => asked,
    raisePrice: () => void price++,
    stop: () => close(server),
  };
}

function shopConfig(port: number) {
  return defineConfig({
    regions: ["enam", "wnam", "weur", "apac"],
    services: {
      shop: {
        hosts: ["demo.localhost"],
        pools: { shop: { region: "enam", origins: [{ id: "shop", url: `http://127.0.0.1:${port}` }] } },
        // Nothing but the clients' own requests is to be counted at the shop.
        monitor: { mode: "passive" },
        cache: { rules: [{}] },
      },
    },
  });
}
