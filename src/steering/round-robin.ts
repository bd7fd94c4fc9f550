/**
 * `round-robin`: the eligible members in turn, whatever their weight.
 *
 * The turn is this isolate's own and starts at a random member, so that a thousand isolates do not march in step.
 */
import type { Member, Picker, Policy } from "./policy.ts";

export const roundRobin: Policy = { name: "round-robin", levels: ["pools", "origins"], prepare };

function prepare(members: readonly Member[], _options: object, random: () => number): Picker {
  let next = Math.floor(random() * members.length);
  return {
    pick(eligible) {
      for (let step = 0; step < members.length; step++) {
        const index = next + step < members.length ? next + step : next + step - members.length;
        if (eligible[index] !== 1) continue;
        next = index + 1 < members.length ? index + 1 : 0;
        return index;
      }
      return -1;
    },
    score: (index) => (index - next + members.length) % members.length,
    reason: (index) => {
      const turns = (index - next + members.length) % members.length;
      return turns === 0 ? "its turn" : `its turn comes ${turns} later`;
    },
  };
}
