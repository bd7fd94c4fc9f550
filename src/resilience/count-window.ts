/** A sliding window of counts: what happened in the last seconds, as plain data in at most eleven buckets. */

export interface Counts {
  readonly successes: number;
  readonly failures: number;
  /** Of all of them: those that took too long. */
  readonly slow: number;
}

interface Bucket extends Counts {
  /** ms since the epoch. */
  readonly startMs: number;
}

/** Oldest first; no bucket is empty. */
export type CountWindow = readonly Bucket[];

const BUCKETS = 10;

/** The window with the counts added at `nowMs`, and without what has left it. */
export function addCounts(window: CountWindow, counts: Counts, windowMs: number, nowMs: number): CountWindow {
  if (counts.successes + counts.failures + counts.slow === 0) return window;
  const bucketMs = windowMs / BUCKETS;
  const startMs = Math.floor(nowMs / bucketMs) * bucketMs;
  const live = liveBuckets(window, windowMs, nowMs);
  const last = live.at(-1);
  if (last?.startMs !== startMs) return [...live, { startMs, ...pick(counts) }];
  return [...live.slice(0, -1), { startMs, ...sum(last, counts) }];
}

/** What the window holds at `nowMs`. */
export function totalsOf(window: CountWindow, windowMs: number, nowMs: number): Counts {
  return liveBuckets(window, windowMs, nowMs).reduce<Counts>(sum, { successes: 0, failures: 0, slow: 0 });
}

/** Buckets that lie ahead of the clock were counted before it was set back: when that was is not known any more. */
function liveBuckets(window: CountWindow, windowMs: number, nowMs: number): CountWindow {
  return window.filter(({ startMs }) => startMs > nowMs - windowMs && startMs <= nowMs);
}

/** Adds counts up. */
export function sum(a: Counts, b: Counts): Counts {
  return { successes: a.successes + b.successes, failures: a.failures + b.failures, slow: a.slow + b.slow };
}

function pick({ successes, failures, slow }: Counts): Counts {
  return { successes, failures, slow };
}
