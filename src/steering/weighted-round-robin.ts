/**
 * `weighted-round-robin`: each eligible member as often as its weight says, spread as evenly as can be.
 *
 * Smooth weighted round-robin, as in nginx (`ngx_http_upstream_round_robin.c`, "smooth weighted round-robin balancing"):
 *
 *     each pick:  current[i] += weight[i] for every eligible i;  best = the largest current;  current[best] -= sum(weight)
 *
 * With weights 5, 1, 1 it gives a a b a c a a, never a a a a a b c. The turn is this isolate's own; it starts some random
 * number of picks in, so that isolates do not march in step.
 */
import type { Member, Picker, Policy } from "./policy.ts";

/** Longest random head start, in picks: with one a member that is every offset of an unweighted rotation, up to here. */
const MAX_HEAD_START = 256;

export const weightedRoundRobin: Policy = { name: "weighted-round-robin", levels: ["pools", "origins"], prepare };

function prepare(members: readonly Member[], _options: object, random: () => number): Picker {
  const current = new Float64Array(members.length);

  function pick(eligible: Uint8Array): number {
    let total = 0;
    let best = -1;
    for (let index = 0; index < members.length; index++) {
      if (eligible[index] !== 1) continue;
      const weight = members[index]!.weight;
      total += weight;
      current[index]! += weight;
      if (best === -1 || current[index]! > current[best]!) best = index;
    }
    if (best !== -1) current[best]! -= total;
    return best;
  }

  const everyone = new Uint8Array(members.length).fill(1);
  for (let picks = Math.floor(random() * Math.min(members.length, MAX_HEAD_START)); picks > 0; picks--) pick(everyone);

  return {
    pick,
    score: (index) => -(current[index]! + members[index]!.weight),
    reason: (index) => `weight ${members[index]!.weight}, credit ${current[index]!.toFixed(2)}`,
  };
}
