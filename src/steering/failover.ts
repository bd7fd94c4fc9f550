/** `failover`: the eligible member of lowest priority number; among equals, the one written first. */
import type { Member, Picker, Policy } from "./policy.ts";

export const failover: Policy = { name: "failover", levels: ["pools", "origins"], prepare };

function prepare(members: readonly Member[]): Picker {
  // toSorted is stable (ECMA-262), so equals keep the order of the configuration.
  const order = members.map((_, index) => index).toSorted((a, b) => members[a]!.priority - members[b]!.priority);
  return {
    pick(eligible) {
      for (const index of order) if (eligible[index] === 1) return index;
      return -1;
    },
    score: (index) => members[index]!.priority,
    reason: (index) => `priority ${members[index]!.priority}`,
  };
}
