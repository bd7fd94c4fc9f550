/**
 * `least-connections`: the member with the fewest requests, bodies and WebSockets open, relative to its weight.
 *
 *     cost = (in flight + open streams) / weight
 *
 * Of two drawn at random (`choices: 2`) or of all; members that cost the same share by weight. For long downloads and
 * sockets, whose load goes on after the response head. The price: every body is relayed through the Worker so that its
 * end is seen, which took 16 to 37 % of the throughput when measured; no other policy does that.
 */
import type { SteeringConfig } from "../config/steering.ts";
import { makeDice } from "./dice.ts";
import { cheaperOfTwo, cheapest, type Cost } from "./draw.ts";
import type { Member, Picker, Policy } from "./policy.ts";

export const leastConnections: Policy = { name: "least-connections", levels: ["pools", "origins"], prepare };

const cost: Cost = (member) => (member.weight > 0 ? (member.inFlight + member.openStreams) / member.weight : Infinity);

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
    reason: (index) => {
      const { inFlight, openStreams, weight } = members[index]!;
      return `${inFlight} in flight, ${openStreams} open, weight ${weight}`;
    },
  };
}
