/** Breakers across twelve places: how fast the planet avoids an origin, and whether one bad path stays one bad path. */
import { setTimeout as sleep } from "node:timers/promises";
import { defineConfig } from "../../src/config/define.ts";
import type { Config } from "../../src/config/schema.ts";
import { startFickleOrigin, type FickleOrigin } from "../../test/support/fickle-origin.ts";
import { keepBusy, startPlaces, type Places } from "../../test/support/places.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { quantile } from "./quantile.ts";

const PLACES = 12;
/** Over half of the four that have traffic. */
const REGIONS_THAT_FAIL = ["enam", "wnam", "weur"] as const;
const OPEN_MS = 1_500;
const FAILING = { successes: 0, failures: 5, slow: 0, longestFailureRun: 5, spanMs: 100 };

export async function measureBreakers(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const origins = [await startFickleOrigin(), await startFickleOrigin()] as const;
  const places = await startPlaces(PLACES, configFor(origins));
  try {
    await measureReach(report, places, quick ? 5 : 12);
    await measureBrokenPath(report, places, origins[0]);
  } finally {
    await places.stop();
    await Promise.all(origins.map((origin) => origin.kill()));
  }
}

const pool = (id: string, region: "enam" | "weur", priority: number, { port }: FickleOrigin) => ({
  region,
  priority,
  origins: [{ id, url: `http://127.0.0.1:${port}` }],
});

/** Short times, so that an origin is taken back between two rounds; the first origin is preferred everywhere. */
function configFor(origins: readonly [FickleOrigin, FickleOrigin]): Config {
  return defineConfig({
    services: {
      demo: {
        hosts: ["demo.localhost"],
        pools: { first: pool("first", "enam", 0, origins[0]), second: pool("second", "weur", 1, origins[1]) },
        steering: { policy: "failover" },
        breaker: { openSeconds: OPEN_MS / 1000, maxOpenSeconds: OPEN_MS / 1000, windowSeconds: 1, successThreshold: 1 },
        ramp: { stepSeconds: 0 },
        debugHeaders: true,
      },
    },
  });
}

/**
 * Evidence from three regions is put straight before the breaker, while the origin answers well: no isolate has reason to
 * eject it by itself, so all that is seen is the agreement arriving. Counted from before the first evidence is sent to the
 * end of the last answer that came from the origin, both of which are on the safe side.
 */
async function measureReach(report: Reporter, places: Places, rounds: number): Promise<void> {
  const lastServedMs = new Float64Array(PLACES);
  const startedUsing = new Set<number>();
  let openedMs = 0;
  const busy = places.edges.map((edge, index) =>
    keepBusy(
      edge,
      (answer, sentAtMs) => {
        if (answer.headers["fairlead-origin"] !== "first") return;
        startedUsing.add(index);
        // What comes after the open time is a trial, or the origin taken back.
        if (sentAtMs < openedMs + OPEN_MS * 0.9) lastServedMs[index] = performance.now();
      },
      10,
    ),
  );
  // Until every hub has heard that its region has traffic there.
  await sleep(3_000);
  const slowestMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    startedUsing.clear();
    await until(`every place uses the origin (round ${round})`, () => startedUsing.size === PLACES);
    lastServedMs.fill(0);
    openedMs = performance.now();
    for (const region of REGIONS_THAT_FAIL) await record(places, region);
    await sleep(OPEN_MS);
    slowestMs.push(Math.max(0, Math.max(...lastServedMs) - openedMs));
  }
  await Promise.all(busy.map(({ stop }) => stop()));
  report.note(
    `breaker open: the slowest of ${PLACES} places was last served by the origin ${quantile(slowestMs, 0.5).toFixed(0)} ms later at p50, ${Math.max(...slowestMs).toFixed(0)} ms at most, in ${rounds} rounds`,
  );
  const figure = "from breaker open to every active isolate avoiding the origin (12 edge Workers)";
  report.figure({ figure: `${figure}, p50`, value: quantile(slowestMs, 0.5), unit: "ms", target: { atMost: 100 } });
  report.figure({ figure: `${figure}, slowest`, value: Math.max(...slowestMs), unit: "ms", target: { atMost: 1_000 } });
}

/** The origin fails for requests from one region; who leaves it? */
async function measureBrokenPath(report: Reporter, places: Places, origin: FickleOrigin): Promise<void> {
  const left = new Map<string, number>();
  let errors = 0;
  let isCounting = false;
  const busy = places.edges.map((edge) =>
    keepBusy(
      edge,
      (answer) => {
        if (answer.status !== 200) errors++;
        if (isCounting && answer.headers["fairlead-origin"] !== "first")
          left.set(edge.place.city, (left.get(edge.place.city) ?? 0) + 1);
      },
      10,
    ),
  );
  await sleep(3 * OPEN_MS);
  origin.failFor((fromRegion) => fromRegion === "weur");
  await sleep(1_000);
  isCounting = true;
  await sleep(4_000);
  await Promise.all(busy.map(({ stop }) => stop()));
  report.note(
    `path broken from weur: requests that went elsewhere by city of the client: ${JSON.stringify(Object.fromEntries(left))}; ${errors} errors`,
  );
  if (!left.has("Frankfurt")) throw new Error(`Expected Frankfurt to leave the origin, got ${[...left.keys()].join()}`);
  report.figure({
    figure: "a path broken from one region only: regions whose traffic leaves that origin",
    value: left.size,
    unit: "regions",
    target: { equals: 1 },
  });
}

async function record(places: Places, region: string): Promise<void> {
  await places.call("ORIGIN_BREAKER", "first", "record", region, region, FAILING);
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`Expected that ${what} within 30 s`);
    await sleep(10);
  }
}
