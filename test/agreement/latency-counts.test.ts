import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addLatencies,
  BUCKET_BOUNDS_MS,
  countLatency,
  noLatencies,
  quantileMs,
} from "../../src/agreement/latency-counts.ts";

const counted = (times: readonly number[]) => {
  const counts = noLatencies();
  for (const ms of times) countLatency(counts, ms);
  return counts;
};

describe("latencies counted in buckets", () => {
  it("put a time that is a bound into the bucket it bounds, and what is slower than all into the last", () => {
    expect(counted([0, 5, 5.1, 10_000, 10_001]).buckets).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  });

  it("have no quantile while there are none", () => {
    expect(quantileMs(noLatencies(), 0.5)).toBeNull();
  });

  it("spread evenly within a bucket, and end at the last bound", () => {
    expect(quantileMs(counted([60, 70, 80, 90]), 0.5)).toBe(75);
    expect(quantileMs(counted([60_000]), 0.5)).toBe(10_000);
  });

  it("add up to what counting all at once gives, whichever way they are split", () => {
    const time = fc.double({ min: 0, max: 20_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(time), fc.array(time), (some, others) => {
        const sum = counted(some);
        addLatencies(sum, counted(others));
        const { sumMs, ...rest } = counted([...some, ...others]);
        expect({ count: sum.count, buckets: sum.buckets }).toEqual(rest);
        expect(sum.sumMs).toBeCloseTo(sumMs, 3);
      }),
    );
  });

  it("give quantiles that are in the bucket of the true one", () => {
    const times = fc.array(fc.double({ min: 0, max: 9_999, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(times, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
        const truth = all.toSorted((a, b) => a - b)[Math.ceil(share * all.length) - 1]!;
        const bucket = BUCKET_BOUNDS_MS.findIndex((bound) => truth <= bound);
        const told = quantileMs(counted(all), share)!;
        expect(told).toBeLessThanOrEqual(BUCKET_BOUNDS_MS[bucket]!);
        expect(told).toBeGreaterThan(bucket === 0 ? -1 : BUCKET_BOUNDS_MS[bucket - 1]!);
      }),
    );
  });
});
