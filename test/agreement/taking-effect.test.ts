import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  durationMs,
  nextStepMs,
  progressOf,
  standingAt,
  takingOf,
  valueAt,
  type Taking,
} from "../../src/agreement/taking-effect.ts";
import { rebalanceSchema } from "../../src/config/rebalance.ts";

const START = 1_000_000;

const taking = (over: Partial<Taking> = {}): Taking => ({
  sinceMs: START,
  from: 0,
  before: "draining",
  stepPercent: 25,
  stepSeconds: 10,
  ...over,
});

describe("a change in steps", () => {
  it("takes its first step at once and the last when its duration is over", () => {
    const at = (seconds: number) => valueAt(taking({ from: 4 }), 8, START + seconds * 1000);
    expect([-5, 0, 9.9, 10, 20, 29.9, 30, 1e6].map(at)).toEqual([5, 5, 5, 6, 7, 7, 8, 8]);
    expect(durationMs(taking())).toBe(30_000);
  });

  it("says when the next step is due", () => {
    const at = (seconds: number) => nextStepMs(taking(), START + seconds * 1000) - START;
    expect([-5, 0, 9.9, 10, 29, 30, 99].map(at)).toEqual([10_000, 10_000, 10_000, 20_000, 30_000, Infinity, Infinity]);
  });

  it("stays where it was while it waits", () => {
    const waiting = taking({ sinceMs: null, from: 3 });
    expect(valueAt(waiting, 9, START + 1e9)).toBe(3);
    expect(nextStepMs(waiting, START)).toBe(Infinity);
  });

  it("never goes back, never beyond, and arrives, whatever the steps", () => {
    fc.assert(
      fc.property(
        fc.record({
          from: fc.double({ min: 0, max: 100, noNaN: true }),
          to: fc.double({ min: 0, max: 100, noNaN: true }),
          stepPercent: fc.double({ min: 1, max: 100, noNaN: true }),
          stepSeconds: fc.double({ min: 0.1, max: 3600, noNaN: true }),
          offsets: fc.array(fc.double({ min: -1000, max: 1e7, noNaN: true }), { minLength: 2 }),
        }),
        ({ from, to, stepPercent, stepSeconds, offsets }) => {
          const change = taking({ from, stepPercent, stepSeconds });
          const times = offsets.toSorted((a, b) => a - b).map((offset) => START + offset);
          const way = times.map((nowMs) => Math.abs(valueAt(change, to, nowMs) - from));
          expect(way).toEqual(way.toSorted((a, b) => a - b));
          expect(Math.max(...way)).toBeLessThanOrEqual(Math.abs(to - from) * (1 + 1e-9));
          expect(valueAt(change, to, START + durationMs(change) + 1)).toBe(to);
          for (const nowMs of times) {
            const dueMs = nextStepMs(change, nowMs);
            expect(dueMs).toBeGreaterThan(nowMs);
            expect(dueMs === Infinity || progressOf(change, dueMs + 1) > progressOf(change, nowMs)).toBe(true);
          }
        },
      ),
    );
  });
});

describe("what an operator wants of an origin", () => {
  it("is enabled with a growing share while it comes, and with a shrinking one while it goes", () => {
    expect(standingAt("enabled", taking(), START)).toEqual({ state: "enabled", share: 0.25 });
    expect(standingAt("enabled", taking(), START + 30_000)).toEqual({ state: "enabled", share: 1 });
    expect(standingAt("draining", taking({ from: 1 }), START)).toEqual({ state: "enabled", share: 0.75 });
    expect(standingAt("draining", taking({ from: 1 }), START + 30_000)).toEqual({ state: "draining", share: 1 });
  });

  it("is what it was while the change waits", () => {
    const waiting = { sinceMs: null };
    expect(standingAt("enabled", taking({ ...waiting, before: "disabled" }), START).state).toBe("disabled");
    expect(standingAt("draining", taking({ ...waiting, from: 1, before: "enabled" }), START).state).toBe("enabled");
  });

  it("is out at once when it is disabled", () => {
    expect(standingAt("disabled", taking({ from: 1 }), START)).toEqual({ state: "disabled", share: 1 });
  });
});

describe("a service's strategy", () => {
  const of = (strategy: string, from = 0) =>
    takingOf(rebalanceSchema.parse({ strategy }), { from, to: 1, before: "draining" }, START);
  it("decides whether a change steps, waits, or is made at once", () => {
    expect(of("immediate")).toBeUndefined();
    expect(of("gradual")).toEqual(taking({ stepPercent: 10 }));
    expect(of("manual")).toEqual(taking({ stepPercent: 10, sinceMs: null }));
    expect(of("gradual", 1)).toBeUndefined();
  });
});
