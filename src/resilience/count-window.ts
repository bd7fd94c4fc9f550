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

/**
 * The window with the counts added, and without what has left it.
 *
 * @param atMs when they were counted, ms since the epoch: what is told late belongs where it happened
 */
export function addCounts(
  window: CountWindow,
  counts: Counts,
  windowMs: number,
  nowMs: number,
  atMs = nowMs,
): CountWindow {
  if (counts.successes + counts.failures + counts.slow === 0) return window;
  const bucketMs = windowMs / BUCKETS;
  const startMs = Math.floor(atMs / bucketMs) * bucketMs;
  const live = liveBuckets(window, windowMs, nowMs);
  const index = live.findLastIndex((bucket) => bucket.startMs <= startMs);
  const bucket = live[index];
  if (bucket?.startMs === startMs) return live.with(index, { startMs, ...sum(bucket, counts) });
  return liveBuckets(live.toSpliced(index + 1, 0, { startMs, ...pick(counts) }), windowMs, nowMs);
}

/** What the window holds at `nowMs`. */
export function totalsOf(window: CountWindow, windowMs: number, nowMs: number): Counts {
  const totals = { successes: 0, failures: 0, slow: 0 };
  for (const { successes, failures, slow } of liveBuckets(window, windowMs, nowMs)) {
    totals.successes += successes;
    totals.failures += failures;
    totals.slow += slow;
  }
  return totals;
}

/** Buckets that lie ahead of the clock were counted before it was set back: when that was is not known any more. */
function liveBuckets(window: CountWindow, windowMs: number, nowMs: number): CountWindow {
  const isLive = ({ startMs }: Bucket) => startMs > nowMs - windowMs && startMs <= nowMs;
  // They are in order: as long as the first and the last are live, all are.
  const areAll = window.length === 0 || (isLive(window[0]!) && isLive(window.at(-1)!));
  return areAll ? window : window.filter(isLive);
}

/** Adds counts up. */
function sum(a: Counts, b: Counts): Counts {
  return { successes: a.successes + b.successes, failures: a.failures + b.failures, slow: a.slow + b.slow };
}

function pick({ successes, failures, slow }: Counts): Counts {
  return { successes, failures, slow };
}
