/** `weighted-random`: any eligible member, each as likely as its share of the eligible weight. */
import { makeDice } from "./dice.ts";
import { drawByWeight } from "./draw.ts";
import type { Member, Picker, Policy } from "./policy.ts";

export const weightedRandom: Policy = { name: "weighted-random", levels: ["pools", "origins"], prepare };

function prepare(members: readonly Member[], _options: object, random: () => number): Picker {
  const dice = makeDice(random);
  const weights = new Float64Array(members.length);
  return {
    pick(eligible) {
      // Copied each time: weights follow overrides.
      for (let index = 0; index < members.length; index++) weights[index] = members[index]!.weight;
      return drawByWeight(weights, eligible, dice);
    },
    score: () => Number.NaN,
    reason: (index) => `weight ${members[index]!.weight}`,
  };
}
