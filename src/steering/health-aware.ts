/** `health-aware`: at random, each member as likely as its weight times its health score (health-score.ts). */
import { makeDice } from "./dice.ts";
import { drawByWeight } from "./draw.ts";
import { describeHealth, healthScore } from "./health-score.ts";
import type { Member, Picker, Policy } from "./policy.ts";

export const healthAware: Policy = { name: "health-aware", levels: ["pools", "origins"], prepare };

function prepare(members: readonly Member[], _options: object, random: () => number): Picker {
  const dice = makeDice(random);
  const weights = new Float64Array(members.length);
  return {
    pick(eligible) {
      for (let index = 0; index < members.length; index++) {
        weights[index] = members[index]!.weight * healthScore(members[index]!);
      }
      return drawByWeight(weights, eligible, dice);
    },
    score: (index) => 1 - healthScore(members[index]!),
    reason: (index) => `${describeHealth(members[index]!)}, weight ${members[index]!.weight}`,
  };
}
