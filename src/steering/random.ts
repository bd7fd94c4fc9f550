/** `random`: any eligible member, each as likely as the other. */
import { makeDice } from "./dice.ts";
import { drawUniform } from "./draw.ts";
import type { Member, Picker, Policy } from "./policy.ts";

export const random: Policy = { name: "random", levels: ["pools", "origins"], prepare };

function prepare(_members: readonly Member[], _options: object, random: () => number): Picker {
  const dice = makeDice(random);
  return {
    pick: (eligible) => drawUniform(eligible, dice),
    score: () => Number.NaN,
    reason: () => "as likely as any other",
  };
}
