// One contract, run against every algorithm.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMeter, leaseMs } from "../../src/rate-limit/algorithms.ts";
import { ALGORITHMS, type AlgorithmName, type Rule } from "../../src/rate-limit/meter.ts";
import { unitsOver } from "./planet.ts";

const T0 = 1_700_000_000_000;
const ruleOf = (algorithm: AlgorithmName, over: Partial<Rule> = {}): Rule => ({
  algorithm,
  limit: 10,
  windowMs: 64_000,
  burst: 10,
  ...over,
});
/** A place of `concurrency` comes back when it is given back, not with time. */
const comesBackWithTime = (algorithm: AlgorithmName) => algorithm !== "concurrency";

describe.each(ALGORITHMS)("%s", (algorithm) => {
  const rule = ruleOf(algorithm);
  const lengthMs = leaseMs(rule, T0);

  it("has the whole limit for a key never seen", () => {
    expect(createMeter(algorithm).available(rule, T0)).toBe(10);
    expect(createMeter(algorithm).waitMs(rule, 10, T0)).toBe(0);
  });

  it("has less by what was charged, and none when all of it was", () => {
    const meter = createMeter(algorithm);
    meter.charge(rule, 4, T0, T0);
    expect(meter.available(rule, T0)).toBe(6);
    meter.charge(rule, 6, T0, T0);
    expect(meter.available(rule, T0)).toBe(0);
    expect(meter.waitMs(rule, 1, T0)).toBeGreaterThan(0);
  });

  it("never has more than its limit, whatever comes back", () => {
    const meter = createMeter(algorithm);
    meter.charge(rule, 3, T0, T0);
    meter.refund(rule, 3, T0, T0);
    expect(meter.available(rule, T0 + 1)).toBe(10);
  });

  it("gives a refund back at once", () => {
    const meter = createMeter(algorithm);
    meter.charge(rule, 10, T0, T0);
    meter.refund(rule, 2, T0 + 5, T0);
    expect(meter.available(rule, T0 + 5)).toBe(2);
  });

  it("gives back what was not spent of a slice", () => {
    const meter = createMeter(algorithm);
    meter.charge(rule, 8, T0, T0 + lengthMs);
    expect(meter.available(rule, T0 + 1)).toBe(2);
    meter.finish(rule, 8, 8, T0 + 1, T0 + lengthMs);
    expect(meter.available(rule, T0 + 1)).toBe(10);
  });

  it("says when the next unit will be there, and then it is", () => {
    if (!comesBackWithTime(algorithm)) return;
    const meter = createMeter(algorithm);
    meter.charge(rule, 10, T0, T0);
    const waitMs = meter.waitMs(rule, 1, T0);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual((rule.windowMs * 65) / 64);
    expect(meter.available(rule, T0 + waitMs - 1)).toBe(0);
    expect(meter.available(rule, T0 + Math.ceil(waitMs))).toBeGreaterThanOrEqual(1);
  });

  it("says that more than the limit will never be there", () => {
    expect(createMeter(algorithm).waitMs(rule, 11, T0)).toBe(Infinity);
  });

  it("is as good as new when it says it will be", () => {
    if (!comesBackWithTime(algorithm)) return;
    const meter = createMeter(algorithm);
    meter.charge(rule, 7, T0, T0);
    const idleAtMs = meter.idleAtMs(rule, T0);
    expect(idleAtMs).toBeGreaterThan(T0);
    expect(meter.available(rule, Math.ceil(idleAtMs))).toBe(10);
    expect(meter.idleAtMs(rule, Math.ceil(idleAtMs))).toBeLessThanOrEqual(Math.ceil(idleAtMs));
  });

  it("answers the same after it was saved and read back", () => {
    const meter = createMeter(algorithm);
    meter.charge(rule, 2, T0, T0);
    meter.charge(rule, 3, T0 + 2_000, T0 + 2_000 + lengthMs);
    const copy = createMeter(algorithm, JSON.parse(JSON.stringify(meter.save())) as number[]);
    for (const laterMs of [2_000, 9_000, 30_000, 70_000, 80_000]) {
      expect(copy.available(rule, T0 + laterMs)).toBe(meter.available(rule, T0 + laterMs));
      expect(copy.waitMs(rule, 8, T0 + laterMs)).toBe(meter.waitMs(rule, 8, T0 + laterMs));
    }
  });

  it("follows a limit that is lowered and raised again", () => {
    const meter = createMeter(algorithm);
    meter.charge(rule, 4, T0, T0);
    expect(meter.available(ruleOf(algorithm, { limit: 5, burst: 5 }), T0)).toBeLessThanOrEqual(5);
    expect(meter.available(ruleOf(algorithm, { limit: 2, burst: 2 }), T0)).toBeLessThanOrEqual(2);
    expect(meter.available(rule, T0)).toBeLessThanOrEqual(6);
  });

  it("keeps its promise for any sequence of requests", () => {
    if (!comesBackWithTime(algorithm)) return;
    const steps = fc.array(
      fc.record({ waitMs: fc.integer({ min: 0, max: 9_000 }), units: fc.integer({ min: 1, max: 4 }) }),
      {
        maxLength: 200,
      },
    );
    const numbers = fc.record({
      limit: fc.integer({ min: 1, max: 40 }),
      windowSeconds: fc.integer({ min: 1, max: 100 }),
    });
    expect(() =>
      fc.assert(
        fc.property(steps, numbers, (steps, { limit, windowSeconds }) => {
          const rule = ruleOf(algorithm, { limit, burst: limit, windowMs: windowSeconds * 1_000 });
          const meter = createMeter(algorithm);
          const admitted = [];
          let nowMs = T0;
          for (const { waitMs, units } of steps) {
            nowMs += waitMs;
            if (meter.available(rule, nowMs) < units) continue;
            meter.charge(rule, units, nowMs, nowMs);
            admitted.push({ atMs: nowMs, units });
          }
          return unitsOver(rule, admitted) === 0;
        }),
        { numRuns: 200 },
      ),
    ).not.toThrow();
  });
});

describe("how early an algorithm refuses", () => {
  it("sliding-window: by a 64th of the window at most", () => {
    expect(() =>
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 200_000 }), (offsetMs) => {
          const rule = ruleOf("sliding-window");
          const meter = createMeter("sliding-window");
          const nowMs = T0 + offsetMs;
          meter.charge(rule, 10, nowMs, nowMs);
          const waitMs = meter.waitMs(rule, 1, nowMs);
          return waitMs >= rule.windowMs && waitMs <= rule.windowMs + rule.windowMs / 64;
        }),
      ),
    ).not.toThrow();
  });

  it("sliding-log: not at all", () => {
    const rule = ruleOf("sliding-log");
    const meter = createMeter("sliding-log");
    meter.charge(rule, 10, T0, T0);
    expect(meter.waitMs(rule, 10, T0)).toBe(rule.windowMs);
  });
});

describe("what each algorithm promises", () => {
  it("fixed-window starts anew with each window", () => {
    const rule = ruleOf("fixed-window");
    const meter = createMeter("fixed-window");
    const endMs = (Math.floor(T0 / rule.windowMs) + 1) * rule.windowMs;
    meter.charge(rule, 10, endMs - 1, endMs - 1);
    expect(meter.available(rule, endMs - 1)).toBe(0);
    expect(meter.available(rule, endMs)).toBe(10);
  });

  it("token-bucket refills evenly up to its burst, less what is lent", () => {
    const rule = ruleOf("token-bucket", { limit: 60, windowMs: 60_000, burst: 20 });
    const meter = createMeter("token-bucket");
    meter.charge(rule, 20, T0, T0);
    expect(meter.available(rule, T0 + 5_000)).toBe(5);
    meter.charge(rule, 5, T0 + 5_000, T0 + 15_000);
    expect(meter.available(rule, T0 + 60_000)).toBe(15);
    meter.finish(rule, 5, 0, T0 + 60_000, T0 + 15_000);
    expect(meter.available(rule, T0 + 61_000)).toBe(16);
  });

  it("concurrency has a place again as soon as one is given back", () => {
    const rule = ruleOf("concurrency", { limit: 2 });
    const meter = createMeter("concurrency");
    meter.charge(rule, 2, T0, T0 + 60_000);
    expect(meter.available(rule, T0 + 50_000)).toBe(0);
    meter.finish(rule, 1, 0, T0 + 50_000, T0 + 60_000);
    expect(meter.available(rule, T0 + 50_000)).toBe(1);
  });

  it("leases end within a tenth of a sliding window, and with a fixed one", () => {
    expect(leaseMs(ruleOf("sliding-window"), T0)).toBe(6_400);
    expect(leaseMs(ruleOf("sliding-log", { windowMs: 1_000 }), T0)).toBe(100);
    const fixed = ruleOf("fixed-window", { windowMs: 10_000 });
    expect(leaseMs(fixed, T0 + 7_000)).toBe(3_000);
  });
});
