/** The picker of policies that compare one cost: the cheapest of two drawn at random, or of all. */
import type { SteeringConfig } from "../config/steering.ts";
import { makeDice } from "./dice.ts";
import { cheaperOfTwo, cheapest, type Cost } from "./draw.ts";
import type { Member, Policy, SteerRequest } from "./policy.ts";

/**
 * Makes the `prepare` of such a policy.
 *
 * @param cost   what is compared, lower is better
 * @param reason the numbers it is made of, in a few words for an operator
 */
export function prepareByCost(
  cost: Cost,
  reason: (member: Member, request: SteerRequest) => string,
): Policy["prepare"] {
  return (members, { choices }: Pick<SteeringConfig, "choices">, random) => {
    const dice = makeDice(random);
    const choose = choices === "all" ? cheapest : cheaperOfTwo;
    return {
      pick: (eligible, request) => choose(members, eligible, request, dice, cost),
      score: (index, request) => cost(members[index]!, request),
      reason: (index, request) => reason(members[index]!, request),
    };
  };
}
