import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addCounts, totalsOf, type Counts, type CountWindow } from "../../src/resilience/count-window.ts";

const WINDOW_MS = 1_000;
const BUCKET_MS = 100;

const counts = fc.record({ successes: fc.nat(3), failures: fc.nat(3), slow: fc.nat(1) });

/** The clock goes on, now and then far, now and then back; some counts are told late. */
const steps = fc.array(
  fc.record({
    elapsedMs: fc.oneof(
      { weight: 6, arbitrary: fc.nat(150) },
      { weight: 1, arbitrary: fc.integer({ min: -500, max: -1 }) },
      { weight: 1, arbitrary: fc.nat(3_000) },
    ),
    lateMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(WINDOW_MS + 200) }),
    counts,
  }),
  { maxLength: 60, size: "max" },
);

function total(all: readonly Counts[], what: keyof Counts): number {
  return all.reduce((sum, each) => sum + each[what], 0);
}

describe("a window of counts", () => {
  it("holds what a list of all that was counted would, in a few buckets in order", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        let window: CountWindow = [];
        let all: (Counts & { startMs: number })[] = [];
        let nowMs = 1_000_000;
        for (const { elapsedMs, lateMs, counts } of taken) {
          nowMs += elapsedMs;
          const isLive = ({ startMs }: { startMs: number }) => startMs > nowMs - WINDOW_MS && startMs <= nowMs;
          const { successes, failures, slow } = totalsOf(window, WINDOW_MS, nowMs);
          const live = all.filter(isLive);
          expect([successes, failures, slow]).toEqual([
            total(live, "successes"),
            total(live, "failures"),
            total(live, "slow"),
          ]);
          window = addCounts(window, counts, WINDOW_MS, nowMs, nowMs - lateMs);
          if (counts.successes + counts.failures + counts.slow > 0) {
            const startMs = Math.floor((nowMs - lateMs) / BUCKET_MS) * BUCKET_MS;
            all = [...live, { ...counts, startMs }].filter(isLive);
          }
          const starts = window.map(({ startMs }) => startMs);
          expect(starts).toEqual([...new Set(starts)].toSorted((a, b) => a - b));
          expect(starts.length).toBeLessThanOrEqual(11);
        }
      }),
      { numRuns: 200 },
    );
  });
});
