/** `proximity`: the eligible member nearest to the request by great circle; among equals, the one written first. */
import { distanceKm, nearness } from "./place.ts";
import type { Member, Picker, Policy } from "./policy.ts";

export const proximity: Policy = { name: "proximity", levels: ["pools"], prepare };

function prepare(members: readonly Member[]): Picker {
  return {
    pick(eligible, request) {
      let best = -1;
      let bestNearness = -Infinity;
      for (let index = 0; index < members.length; index++) {
        if (eligible[index] !== 1) continue;
        const near = nearness(members[index]!.vector, request.place.vector);
        if (near > bestNearness) {
          best = index;
          bestNearness = near;
        }
      }
      return best;
    },
    score: (index, request) => distanceKm(members[index]!.vector, request.place.vector),
    reason: (index, request) =>
      `${Math.round(distanceKm(members[index]!.vector, request.place.vector))} km from the request`,
  };
}
