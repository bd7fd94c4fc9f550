/**
 * `least-outstanding`: the member with the fewest attempts waiting for a response head, relative to its weight.
 *
 *     cost = in flight / weight        in flight: this isolate's attempts and, from the view, its region's
 *
 * Of two drawn at random (`choices: 2`) or of all. Members that cost the same share by weight, so that weights hold when
 * there is little traffic too. Outstanding ends at the response head: watching a body to its end costs throughput, and
 * only `least-connections` pays for it.
 */
import type { SteeringConfig } from "../config/steering.ts";
import { makeDice } from "./dice.ts";
import { cheaperOfTwo, cheapest, type Cost } from "./draw.ts";
import type { Member, Picker, Policy } from "./policy.ts";

export const leastOutstanding: Policy = { name: "least-outstanding", levels: ["pools", "origins"], prepare };

const cost: Cost = (member) => (member.weight > 0 ? member.inFlight / member.weight : Infinity);

function prepare(
  members: readonly Member[],
  { choices }: Pick<SteeringConfig, "choices">,
  random: () => number,
): Picker {
  const dice = makeDice(random);
  const choose = choices === "all" ? cheapest : cheaperOfTwo;
  return {
    pick: (eligible, request) => choose(members, eligible, request, dice, cost),
    score: (index, request) => cost(members[index]!, request),
    reason: (index) => `${members[index]!.inFlight} in flight, weight ${members[index]!.weight}`,
  };
}
