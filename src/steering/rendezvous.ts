/**
 * `rendezvous`: each key keeps the member that scores highest with it; when one leaves, only its keys move, evenly.
 *
 *     score = -weight / ln(u)        u in (0, 1): the hash of key and member
 *
 * Source: Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM ToN 6(1), 1998; with
 * weights: Schindelhauer and Schomaker, SPAA 2005. A changed weight moves only as many keys as the share it changes.
 * Needs no table; takes time in proportion to the members, without the logarithm while all weigh the same.
 */
import type { SteeringConfig } from "../config/steering.ts";
import { hashIds, highestHash, mix, unit } from "./hash.ts";
import type { Member, Picker, Policy } from "./policy.ts";

export const rendezvous: Policy = { name: "rendezvous", levels: ["pools", "origins"], prepare };

function prepare(members: readonly Member[], { hash }: Pick<SteeringConfig, "hash">): Picker {
  const ids = hashIds(members);

  /** 1 / score, so that lower is better; Infinity for a member without weight. */
  const cost = (index: number, keyHash: number): number =>
    -Math.log(unit(mix(ids[index]! ^ keyHash))) / members[index]!.weight;

  return {
    pick(eligible, request) {
      const keyHash = request.hashOf(hash.key);
      if (allWeighTheSame(members)) return highestHash(ids, eligible, keyHash);
      let best = -1;
      let bestCost = Infinity;
      for (let index = 0; index < members.length; index++) {
        if (eligible[index] !== 1) continue;
        // -ln(u) >= 1 - u: most members are out of the running before the logarithm.
        if (1 - unit(mix(ids[index]! ^ keyHash)) > bestCost * members[index]!.weight) continue;
        const memberCost = cost(index, keyHash);
        if (best !== -1 && !(memberCost < bestCost)) continue;
        best = index;
        bestCost = memberCost;
      }
      return best;
    },
    score: (index, request) => cost(index, request.hashOf(hash.key)),
    reason: (index, request) => `${cost(index, request.hashOf(hash.key)).toFixed(4)} with the key (lowest wins)`,
  };
}

function allWeighTheSame(members: readonly Member[]): boolean {
  const weight = members[0]!.weight;
  for (let index = 1; index < members.length; index++) if (members[index]!.weight !== weight) return false;
  return true;
}
