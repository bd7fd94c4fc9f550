import { describe, expect, it } from "vitest";
import { DICE_SIDES, makeDice } from "../../src/steering/dice.ts";
import { cheaperOfTwo, cheapest, drawByWeight, drawUniform } from "../../src/steering/draw.ts";
import { all, origin, requestFrom, shares, tally } from "./support.ts";
import { seeded } from "../support/seeded.ts";

const request = requestFrom("enam");

it("draws uniformly among the eligible only", () => {
  const dice = makeDice(seeded(1));
  const share = shares(tally(30_000, 4, () => drawUniform(Uint8Array.of(1, 0, 1, 1), dice)));
  expect(share[1]).toBe(0);
  for (const index of [0, 2, 3]) expect(Math.abs(share[index]! - 1 / 3)).toBeLessThan(0.01);
});

it("draws by weight, and uniformly when nothing weighs anything", () => {
  const dice = makeDice(seeded(2));
  const weighted = shares(tally(30_000, 3, () => drawByWeight([6, 3, 1], all(3), dice)));
  [0.6, 0.3, 0.1].forEach((expected, index) => expect(Math.abs(weighted[index]! - expected)).toBeLessThan(0.01));
  const weightless = shares(tally(30_000, 3, () => drawByWeight([6, 0, 0], Uint8Array.of(0, 1, 1), dice)));
  expect(weightless[0]).toBe(0);
  expect(Math.abs(weightless[1]! - 0.5)).toBeLessThan(0.01);
});

it("draws the last member even when the throw is as high as it gets", () => {
  expect(drawByWeight([0.1, 0.2, 0.3], all(3), () => DICE_SIDES - 1)).toBe(2);
  expect(drawUniform(all(3), () => DICE_SIDES - 1)).toBe(2);
});

const cost = (member: { inFlight: number }) => member.inFlight;

describe("two choices", () => {
  const members = [origin("a", { inFlight: 9 }), origin("b", { inFlight: 3 }), origin("c", { inFlight: 1 })];

  it("never takes the most loaded of three, and the least loaded two times in three", () => {
    const dice = makeDice(seeded(3));
    const share = shares(tally(30_000, 3, () => cheaperOfTwo(members, all(3), request, dice, cost)));
    expect(share[0]).toBe(0);
    expect(Math.abs(share[2]! - 2 / 3)).toBeLessThan(0.01);
  });

  it("takes the very pair that the throws name", () => {
    const throws = [0, DICE_SIDES - 1];
    expect(cheaperOfTwo(members, all(3), request, () => throws.shift()!, cost)).toBe(2);
  });

  it("breaks a tie by weight", () => {
    const equals = [origin("a", { weight: 9 }), origin("b", { weight: 1 })];
    const dice = makeDice(seeded(4));
    for (const choose of [cheaperOfTwo, cheapest]) {
      const share = shares(tally(30_000, 2, () => choose(equals, all(2), request, dice, cost)));
      expect(Math.abs(share[0]! - 0.9)).toBeLessThan(0.01);
    }
  });
});

it("finds the cheapest of all", () => {
  const members = [5, 2, 7].map((inFlight, index) => origin(`o${index}`, { inFlight }));
  expect(cheapest(members, all(3), request, makeDice(seeded(1)), cost)).toBe(1);
});
