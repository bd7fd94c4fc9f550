import fc from "fast-check";
import { expect, it } from "vitest";
import { weightedRoundRobin } from "../../src/steering/weighted-round-robin.ts";
import { all, options, origin, requestFrom, tally } from "./support.ts";
import { seeded } from "../support/seeded.ts";

const request = requestFrom("enam");
const prepare = (weights: number[], random = () => 0) =>
  weightedRoundRobin.prepare(
    weights.map((weight, index) => origin(`o${index}`, { weight })),
    options("weighted-round-robin"),
    random,
  );

it("spreads picks as nginx does: 5, 1, 1 gives a a b a c a a", () => {
  const picker = prepare([5, 1, 1]);
  expect(Array.from({ length: 7 }, () => picker.pick(all(3), request))).toEqual([0, 0, 1, 0, 2, 0, 0]);
});

it("is exact over every whole round, wherever it started", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }),
      fc.nat(),
      (weights, seed) => {
        const picker = prepare(weights, seeded(seed));
        const round = weights.reduce((sum, weight) => sum + weight, 0);
        const counts = tally(round * 3, weights.length, () => picker.pick(all(weights.length), request));
        expect(counts).toEqual(weights.map((weight) => weight * 3));
      },
    ),
  );
});

it("shares the weight of a member that is not eligible among the others by theirs", () => {
  const picker = prepare([3, 1, 4]);
  expect(tally(400, 3, () => picker.pick(Uint8Array.of(1, 1, 0), request))).toEqual([300, 100, 0]);
});
