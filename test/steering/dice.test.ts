import { expect, it } from "vitest";
import { DICE_SIDES, makeDice, throwBelow } from "../../src/steering/dice.ts";
import { shares, tally } from "./support.ts";
import { seeded } from "../support/seeded.ts";

it("throws each of few numbers equally often, and the same ones from the same seed", () => {
  const dice = makeDice(seeded(9));
  for (const share of shares(tally(60_000, 6, () => throwBelow(dice, 6)))) {
    expect(Math.abs(share - 1 / 6)).toBeLessThan(0.01);
  }
  const one = makeDice(seeded(3));
  const other = makeDice(seeded(3));
  for (let turn = 0; turn < 100; turn++) expect(one()).toBe(other());
});

it("never throws beyond its sides", () => {
  const dice = makeDice(seeded(4));
  const thrown = Array.from({ length: 20_000 }, dice);
  expect(thrown.filter((side) => !Number.isInteger(side) || side < 0 || side >= DICE_SIDES)).toEqual([]);
});
