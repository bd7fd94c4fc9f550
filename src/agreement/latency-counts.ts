/** Times counted in buckets, so that they can be added up over isolates, minutes and regions: what Prometheus calls a histogram. */

/** Upper bounds of the buckets, ms, inclusive; one more bucket takes what is slower. Prometheus gets the same. */
export const BUCKET_BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

export interface LatencyCounts {
  count: number;
  sumMs: number;
  /** How many fell into each bucket, not added up; one longer than `BUCKET_BOUNDS_MS`. */
  readonly buckets: number[];
}

export function noLatencies(): LatencyCounts {
  return { count: 0, sumMs: 0, buckets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] };
}

/** Counts one time, ms. */
export function countLatency(counts: LatencyCounts, durationMs: number): void {
  let bucket = 0;
  while (bucket < BUCKET_BOUNDS_MS.length && durationMs > BUCKET_BOUNDS_MS[bucket]!) bucket++;
  counts.buckets[bucket]!++;
  counts.count++;
  counts.sumMs += durationMs;
}

/** Adds other counts to these. */
export function addLatencies(to: LatencyCounts, { count, sumMs, buckets }: Readonly<LatencyCounts>): void {
  to.count += count;
  to.sumMs += sumMs;
  for (let bucket = 0; bucket < to.buckets.length; bucket++) to.buckets[bucket]! += buckets[bucket] ?? 0;
}

/**
 * The time within which a share of them came, ms, as Prometheus' `histogram_quantile` has it: as if times were spread
 * evenly within a bucket. What is slower than the last bound counts as that bound.
 *
 * @param share in [0, 1]
 * @returns null when there are none
 */
export function quantileMs({ count, buckets }: Readonly<LatencyCounts>, share: number): number | null {
  if (count === 0) return null;
  let left = share * count;
  for (const [bucket, boundMs] of BUCKET_BOUNDS_MS.entries()) {
    const inBucket = buckets[bucket]!;
    if (left <= inBucket && inBucket > 0) {
      const fromMs = bucket === 0 ? 0 : BUCKET_BOUNDS_MS[bucket - 1]!;
      return fromMs + (boundMs - fromMs) * (left / inBucket);
    }
    left -= inBucket;
  }
  return BUCKET_BOUNDS_MS.at(-1)!;
}
