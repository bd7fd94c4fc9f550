import fc from "fast-check";
import { expect, it } from "vitest";
import { keptShares } from "../../src/steering/capacity.ts";

it("moves the excess of those regions first that lose least latency", () => {
  const regions = [
    { ratePerSecond: 300, kept: 1, lossMs: 80 },
    { ratePerSecond: 200, kept: 1, lossMs: 10 },
    { ratePerSecond: 100, kept: 1, lossMs: 200 },
  ];
  expect(keptShares(regions, 700)).toEqual([1, 1, 1]);
  expect(keptShares(regions, 500)).toEqual([1, 0.5, 1]);
  expect(keptShares(regions, 300)[1]).toBe(0.01);
  expect(keptShares(regions, 300)[0]).toBeCloseTo(1 - 102 / 300, 5);
  expect(keptShares(regions, 300)[2]).toBe(1);
});

it("keeps what has nowhere else to go, and splits evenly among equals", () => {
  expect(keptShares([{ ratePerSecond: 100, kept: 1, lossMs: Infinity }], 50)).toEqual([1]);
  const equals = [
    { ratePerSecond: 100, kept: 1, lossMs: 5 },
    { ratePerSecond: 300, kept: 1, lossMs: 5 },
  ];
  expect(keptShares(equals, 200)).toEqual([0.5, 0.5]);
});

it("stays where it is once the spill has taken effect", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ demand: fc.integer({ min: 1, max: 1000 }), lossMs: fc.integer({ min: 0, max: 3 }) }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.integer({ min: 50, max: 3000 }),
      (regions, capacity) => {
        const asked = regions.map(({ demand, lossMs }) => ({ ratePerSecond: demand, kept: 1, lossMs }));
        const shares = keptShares(asked, capacity);
        const after = regions.map(({ demand, lossMs }, index) => ({
          ratePerSecond: demand * shares[index]!,
          kept: shares[index]!,
          lossMs,
        }));
        keptShares(after, capacity).forEach((share, index) => expect(share).toBeCloseTo(shares[index]!, 6));
      },
    ),
  );
});
