import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keptShares, LEAST_KEPT } from "../../src/steering/capacity.ts";

describe("the excess over an origin's capacity", () => {
  it("is taken from those regions first that lose least latency", () => {
    const regions = [
      { demandPerSecond: 300, lossMs: 80 },
      { demandPerSecond: 200, lossMs: 10 },
      { demandPerSecond: 100, lossMs: 200 },
    ];
    expect(keptShares(regions, 700)).toEqual([1, 1, 1]);
    expect(keptShares(regions, 500)).toEqual([1, 0.5, 1]);
    expect(keptShares(regions, 300)[1]).toBe(LEAST_KEPT);
    expect(keptShares(regions, 300)[0]).toBeCloseTo(1 - 110 / 300, 5);
    expect(keptShares(regions, 300)[2]).toBe(1);
  });

  it("stays where it has nowhere else to go, and is split evenly among equals", () => {
    expect(keptShares([{ demandPerSecond: 100, lossMs: Infinity }], 50)).toEqual([1]);
    const equals = [
      { demandPerSecond: 100, lossMs: 5 },
      { demandPerSecond: 300, lossMs: 5 },
    ];
    expect(keptShares(equals, 200)).toEqual([0.5, 0.5]);
  });

  it("is all that is taken, wherever it can go somewhere", () => {
    const region = fc.record({
      demandPerSecond: fc.integer({ min: 1, max: 1000 }),
      lossMs: fc.constantFrom(-20, 0, 30, 200),
    });
    const leaves = fc.property(
      fc.array(region, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 50, max: 3000 }),
      (regions, capacity) => {
        const shares = keptShares(regions, capacity);
        const demand = regions.reduce((sum, { demandPerSecond }) => sum + demandPerSecond, 0);
        const left = regions.reduce((sum, { demandPerSecond }, i) => sum + demandPerSecond * shares[i]!, 0);
        expect(left).toBeCloseTo(Math.max(LEAST_KEPT * demand, Math.min(capacity, demand)), 6);
      },
    );
    fc.assert(leaves);
  });
});
