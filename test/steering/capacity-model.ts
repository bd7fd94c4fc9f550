// A planet around one origin with a capacity: isolates that throw dice, hubs that average and tell, the object that
// answers, and everything as late as it is in life. The rules inside are the real ones; the clock is virtual.
import { ratesNow, takeIsolateLoad, type RegionLoad } from "../../src/resilience/region-load.ts";
import { DICE_SIDES, makeDice } from "../../src/steering/dice.ts";
import { hubLoadEveryMs, takeHubLoad, type LoadBook } from "../../src/steering/world-load.ts";

export interface ModelRegion {
  /** Requests a second at a time, s. */
  readonly demand: (second: number) => number;
  readonly isolates: number;
  /** At a time: a trembling latency. */
  readonly lossMs: (second: number) => number;
}

export interface Second {
  /** Requests that reached the origin, by region. */
  readonly arrived: readonly number[];
  /** Share each region was told to keep. */
  readonly kept: readonly number[];
}

const START_MS = 1_000_000;
const STEP_MS = 100;
/** An isolate's sync: its report goes up, and what the hub has comes down. */
const SYNC_MS = 2_000;
const TRIP_MS = 100;
/** A hub renews the numbers it hands out once a second. */
const PUBLISH_MS = 1_000;

/** Runs the planet for so many seconds. */
export function runPlanet(
  regions: readonly ModelRegion[],
  capacity: number,
  seconds: number,
  random: () => number,
): Second[] {
  const dice = makeDice(random);
  const book: LoadBook = new Map();
  const hubs = regions.map(() => ({ load: new Map() as RegionLoad, kept: 1, published: 1, toldMs: -Infinity }));
  const isolates = regions.flatMap(({ isolates: count }, region) =>
    Array.from({ length: count }, (_, i) => ({
      id: `${region}/${i}`,
      region,
      kept: 1,
      sent: 0,
      wanted: 0,
      sinceMs: START_MS,
      syncMs: Math.floor(random() * 20) * STEP_MS,
    })),
  );
  const later: { atMs: number; run: () => void }[] = [];
  const history: Second[] = [];
  let arrived = regions.map(() => 0);
  for (let nowMs = START_MS; history.length < seconds; nowMs += STEP_MS) {
    for (let due = later.length; due > 0; due--) {
      const next = later.shift()!;
      if (next.atMs <= nowMs) next.run();
      else later.push(next);
    }
    if (nowMs % PUBLISH_MS === 0) for (const hub of hubs) hub.published = hub.kept;
    for (const isolate of isolates) {
      const { demand, isolates: count } = regions[isolate.region]!;
      const mean = (demand(history.length) * STEP_MS) / 1_000 / count;
      for (let left = poisson(mean, random); left > 0; left--) {
        if (isolate.kept < 1 && dice() >= isolate.kept * DICE_SIDES) continue;
        arrived[isolate.region]!++;
        isolate.sent++;
        isolate.wanted += 1 / isolate.kept;
      }
      if (nowMs % SYNC_MS !== isolate.syncMs) continue;
      const { sent, wanted, sinceMs, region } = isolate;
      Object.assign(isolate, { sent: 0, wanted: 0, sinceMs: nowMs });
      later.push({
        atMs: nowMs + TRIP_MS,
        run: () => report(isolate, sent, wanted, nowMs - sinceMs, region, nowMs + TRIP_MS),
      });
    }
    if (nowMs % 1_000 !== 0) continue;
    history.push({ arrived, kept: hubs.map(({ kept }) => kept) });
    arrived = regions.map(() => 0);
  }
  return history;

  function report(
    isolate: { id: string; kept: number },
    sent: number,
    wanted: number,
    spanMs: number,
    region: number,
    nowMs: number,
  ): void {
    const hub = hubs[region]!;
    takeIsolateLoad(hub.load, isolate.id, { sent, wanted }, spanMs, nowMs);
    later.push({ atMs: nowMs + TRIP_MS, run: () => void (isolate.kept = hub.published) });
    const rates = ratesNow(hub.load, nowMs);
    const everyMs = hubLoadEveryMs(rates.demandPerSecond, hub.kept, capacity, hubs.length);
    if (nowMs - hub.toldMs < everyMs) return;
    hub.toldMs = nowMs;
    const lossMs = regions[region]!.lossMs(history.length);
    const said = { ...rates, lossMs, nextWithinMs: everyMs + SYNC_MS };
    const answer = takeHubLoad(book, String(region), said, capacity, nowMs);
    later.push({ atMs: nowMs + TRIP_MS, run: () => void (hub.kept = answer.kept) });
  }
}

/** How many come when `mean` are expected (Knuth). */
function poisson(mean: number, random: () => number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}
