import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rampSchema } from "../../src/config/breaker.ts";
import { admissionOf, admits, advanceRamp, recordOnRamp, startRamp, type Ramp } from "../../src/health/ramp.ts";

const config = rampSchema.parse({ stepSeconds: 10 });
const start = startRamp(config, 0)!;

describe("the ramp", () => {
  it("starts at 10 % and grows by 10 % a step until it is over", () => {
    let ramp: Ramp | null = start;
    const seen = [admissionOf(ramp)];
    for (let nowMs = 10_000; ramp !== null; nowMs += 10_000) {
      ramp = advanceRamp(ramp, config, nowMs);
      seen.push(admissionOf(ramp));
    }
    expect(seen).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
  });

  it("does not move before the step's time is over", () => {
    expect(advanceRamp(start, config, 9_999)).toBe(start);
  });

  it("is held while under 80 % succeed, and judges the next step on its own counts", () => {
    const held = advanceRamp(recordOnRamp(start, { successes: 79, failures: 21 }), config, 10_000);
    expect(held).toEqual({ step: 1, sinceMs: 10_000, successes: 0, failures: 0 });
    expect(advanceRamp(recordOnRamp(held!, { successes: 80, failures: 20 }), config, 20_000)?.step).toBe(2);
  });

  it("takes one step at most however far the clock jumps, and starts the step again when it is set back", () => {
    expect(advanceRamp(start, config, 1e9)?.step).toBe(2);
    expect(advanceRamp({ ...start, sinceMs: 1e9 }, config, 5)).toMatchObject({ step: 1, sinceMs: 5 });
  });

  it("is not there when the configuration wants none", () => {
    expect(startRamp(rampSchema.parse({ stepSeconds: 0 }), 0)).toBeNull();
  });
});

describe("admission by key", () => {
  const keys = Array.from({ length: 20_000 }, (_, i) => `request-${i}`);

  it("takes the share it says, within one percentage point", () => {
    for (const share of [0.1, 0.5, 0.9]) {
      const admitted = keys.filter((key) => admits("o1", key, share)).length / keys.length;
      expect(Math.abs(admitted - share)).toBeLessThan(0.01);
    }
  });

  it("keeps who is in as the share grows", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.double({ min: 0.01, max: 1, noNaN: true }), (origin, key, share) => {
        const isIn = [admits(origin, key, share), admits(origin, key, Math.min(1, share + 0.1))];
        expect(isIn).not.toEqual([true, false]);
      }),
    );
  });

  it("is independent from origin to origin", () => {
    const both = keys.filter((key) => admits("o1", key, 0.5) && admits("o2", key, 0.5)).length / keys.length;
    expect(Math.abs(both - 0.25)).toBeLessThan(0.02);
  });
});
