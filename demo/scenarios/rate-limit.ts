/** A client that asks from four places at once is held at its limit; another one does not notice. */
import { setTimeout as sleep } from "node:timers/promises";
import config from "../../fairlead.config.ts";
import { defineConfig } from "../../src/config/define.ts";
import { certainlyOver, type LetIn } from "../certainly-over.ts";
import { send } from "../client.ts";
import { PLACES, type Place } from "../places.ts";
import { rebased } from "../rebase.ts";
import type { Scenario, ScenarioResult, Stage } from "../scenario.ts";

const LIMIT = 50;
const WINDOW_SECONDS = 5;
const WINDOWS = 3;
/** Sixteen times the limit, all places together. */
const GREEDY_PER_SECOND_EACH = 40;
const MODEST_PER_SECOND = 2;
/** A place's turns are told no closer together than this. */
const QUIET_MS = 1_000;

export const rateLimit: Scenario = {
  name: "rate-limit",
  summary: "a client is held at its limit from four places at once, each with a memory of its own",
  play,
};

interface Seen extends LetIn {
  readonly city: string;
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly standing: string | undefined;
}

async function play(stage: Stage): Promise<ScenarioResult> {
  const { signal, tell } = stage;
  const places = Object.values(PLACES);
  // Loaded only now: wrangler takes seconds to load.
  const { startWorkerd } = await import("../workerd.ts");
  // Four isolates, because one would be asked from one memory wherever its clients sit.
  const workerd = await startWorkerd({ config: await limitedConfig(stage), edges: places.length, signal });
  try {
    const clients = places.map((place, i) => ({ place, port: workerd.edgePorts[i]! }));
    tell(`limit: ${LIMIT} requests in ${WINDOW_SECONDS} s a key, over all places together`);
    tell(
      `"greedy" asks ${GREEDY_PER_SECOND_EACH} times a second from each of ${places.map(({ city }) => city).join(", ")}`,
    );
    const forMs = WINDOWS * WINDOW_SECONDS * 1_000;
    const modest = keepAsking(clients.slice(0, 1), "modest", MODEST_PER_SECOND, forMs, signal);
    const greedy = await keepAsking(clients, "greedy", GREEDY_PER_SECOND_EACH, forMs, signal, tellTurns(tell));
    return reportOf(greedy, await modest);
  } finally {
    await workerd.stop();
  }
}

async function limitedConfig({ controlUrl }: Stage) {
  const { origins } = (await (await fetch(`${controlUrl}/origins`)).json()) as { origins: readonly { url: string }[] };
  const moved = rebased(config, Number(new URL(origins[0]!.url).port));
  const rateLimits = [
    {
      name: "per-client",
      key: ["api-key", "ip"],
      limit: LIMIT,
      windowSeconds: WINDOW_SECONDS,
      onError: "deny" as const,
      timeoutMs: 2_000,
    },
  ];
  return defineConfig({ ...moved, services: { demo: { ...moved.services["demo"]!, rateLimits } } });
}

/** Asks at a steady pace, whether or not earlier answers have come. */
async function keepAsking(
  clients: readonly { place: Place; port: number }[],
  apiKey: string,
  perSecondEach: number,
  forMs: number,
  signal: AbortSignal,
  onSeen: (seen: Seen) => void = () => {},
): Promise<Seen[]> {
  const startedAt = performance.now();
  const asked: Promise<Seen>[] = [];
  const ask = async (port: number, place: Place) => {
    const sentMs = Date.now();
    const { status, headers } = await send({ port, place, headers: { "X-API-Key": apiKey } });
    const standing = headers["ratelimit"];
    const seen = {
      city: place.city,
      sentMs,
      answeredMs: Date.now(),
      status,
      retryAfter: headers["retry-after"],
      standing: typeof standing === "string" ? standing : undefined,
    };
    onSeen(seen);
    return seen;
  };
  for (let rounds = 0; performance.now() - startedAt < forMs;) {
    for (; rounds < ((performance.now() - startedAt) * perSecondEach) / 1_000; rounds++)
      asked.push(...clients.map(({ place, port }) => ask(port, place)));
    await sleep(5, undefined, { signal });
  }
  return Promise.all(asked);
}

/** Tells when a place begins to be turned away and when it is let in again; answers that overtake each other are no turn. */
function tellTurns(tell: (event: string) => void): (seen: Seen) => void {
  const last = new Map<string, { refused: boolean; toldMs: number }>();
  return ({ city, status, standing, retryAfter, answeredMs }) => {
    const refused = status === 429;
    const before = last.get(city);
    if (before?.refused === refused || (before !== undefined && answeredMs < before.toldMs + QUIET_MS)) return;
    last.set(city, { refused, toldMs: answeredMs });
    tell(refused ? `${city}: 429, ${standing}, come back in ${retryAfter} s` : `${city}: ${status}, ${standing}`);
  };
}

function reportOf(greedy: readonly Seen[], modest: readonly Seen[]): ScenarioResult {
  const letIn = greedy.filter(({ status }) => status === 200);
  const refused = greedy.filter(({ status }) => status === 429);
  const over = Math.max(0, certainlyOver(letIn, LIMIT, WINDOW_SECONDS * 1_000));
  const share = letIn.length / (WINDOWS * LIMIT);
  const modestServed = modest.filter(({ status }) => status === 200).length;
  const toldWhen = refused.filter(
    ({ retryAfter, standing }) => Number(retryAfter) >= 1 && standing !== undefined,
  ).length;
  const others = [...greedy, ...modest].filter(({ status }) => status !== 200 && status !== 429);
  const cities = [...new Set(greedy.map(({ city }) => city))];
  const count = (city: string, seen: readonly Seen[]) => String(seen.filter((one) => one.city === city).length);
  return {
    checks: [
      { promise: `never more than ${LIMIT} in any ${WINDOW_SECONDS} s`, kept: over === 0, seen: `${over} over` },
      { promise: "at least 97 % of the limit is let in", kept: share >= 0.97, seen: `${(share * 100).toFixed(1)} %` },
      {
        promise: "another client is never turned away",
        kept: modestServed === modest.length && modest.length > 0,
        seen: `${modestServed} of ${modest.length} answered`,
      },
      {
        promise: "who is turned away is told when to come back",
        kept: toldWhen === refused.length && refused.length > 0,
        seen: `${toldWhen} of ${refused.length}`,
      },
    ],
    figures: {
      asked: greedy.length,
      admitted: letIn.length,
      refused: refused.length,
      overLimit: over,
      shareOfLimit: share,
    },
    table: [
      ["place", "asked", "let in", "turned away"],
      ...cities.map((city) => [city, count(city, greedy), count(city, letIn), count(city, refused)]),
      ["all", String(greedy.length), String(letIn.length), String(refused.length)],
    ],
    summary: [
      ["limit", `${LIMIT} in any ${WINDOW_SECONDS} s, sliding window, leased`],
      [`let in over ${WINDOWS * WINDOW_SECONDS} s`, `${letIn.length} of ${greedy.length} asked`],
    ],
    errors: others.slice(0, 3).map(({ city, status }) => `${city} got status ${status}`),
  };
}
