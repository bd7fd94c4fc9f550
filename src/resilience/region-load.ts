/**
 * How much a region sends to an origin that has a capacity, and how much it would send if it kept everything: from what its
 * isolates report, each averaged over the last seconds.
 *
 * An isolate counts every attempt twice: as one, and as one over the share of requests that was kept when it was made (a
 * Horvitz-Thompson estimate). So demand is known without knowing which share was kept where and since when.
 */

/** The time over which an isolate's counts are averaged, ms. */
const AVERAGED_MS = 5_000;

/** An isolate that has said nothing for so long has no traffic, ms: while it has, it reports every two seconds or so. */
const BELIEVED_MS = 5_000;

/** A shorter time is taken for this, ms: one attempt in a millisecond is not a thousand a second. */
const SHORTEST_MS = 100;

interface IsolateLoad {
  /** Averages a second, and how much of the past they hold, in [0, 1]. */
  readonly ratePerSecond: number;
  readonly demandPerSecond: number;
  readonly weight: number;
  readonly atMs: number;
}

/** By isolate. */
export type RegionLoad = Map<string, IsolateLoad>;

/** Requests a second. */
export interface Rates {
  readonly ratePerSecond: number;
  readonly demandPerSecond: number;
}

/**
 * Takes an isolate's counts in.
 *
 * @param sent   attempts begun
 * @param wanted the same, each counted as one over the share kept
 * @param spanMs the time it was, ms
 */
export function takeIsolateLoad(
  load: RegionLoad,
  isolate: string,
  { sent, wanted }: { readonly sent: number; readonly wanted: number },
  spanMs: number,
  nowMs: number,
): void {
  const before = load.get(isolate);
  if (before === undefined && sent === 0) return;
  const seconds = Math.max(SHORTEST_MS, spanMs) / 1_000;
  const added = 1 - Math.exp(-Math.max(SHORTEST_MS, spanMs) / AVERAGED_MS);
  const rest = (before?.weight ?? 0) * (1 - added);
  const weight = rest + added;
  const averaged = (average: number, count: number) => (average * rest + (count / seconds) * added) / weight;
  load.set(isolate, {
    ratePerSecond: averaged(before?.ratePerSecond ?? 0, sent),
    demandPerSecond: averaged(before?.demandPerSecond ?? 0, wanted),
    weight,
    atMs: nowMs,
  });
}

/** What the region sends now. */
export function ratesNow(load: RegionLoad, nowMs: number): Rates {
  let ratePerSecond = 0;
  let demandPerSecond = 0;
  for (const [isolate, rates] of load) {
    if (Math.abs(nowMs - rates.atMs) > BELIEVED_MS) {
      load.delete(isolate);
      continue;
    }
    ratePerSecond += rates.ratePerSecond;
    demandPerSecond += rates.demandPerSecond;
  }
  return { ratePerSecond, demandPerSecond };
}
