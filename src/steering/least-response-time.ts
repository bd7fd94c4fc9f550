/**
 * `least-response-time`: the member that would answer first, given what it takes now and what is waiting there.
 *
 *     cost = latency * (in flight + 1) / weight        latency: peak-sensitive EWMA, ms
 *
 * Of two drawn at random (`choices: 2`) or of all. Source: Finagle's `PeakEwma` load metric under its P2C balancer
 * (twitter/finagle, `com.twitter.finagle.loadbalancer.PeakEwma`). Where Finagle sends to an unmeasured node first, an
 * unmeasured member here counts with what its distance allows, because pools may be an ocean away.
 */
import type { SteeringConfig } from "../config/steering.ts";
import { makeDice } from "./dice.ts";
import { cheaperOfTwo, cheapest, type Cost } from "./draw.ts";
import { describeExpected, expectedMs } from "./expected-latency.ts";
import type { Member, Picker, Policy } from "./policy.ts";

export const leastResponseTime: Policy = { name: "least-response-time", levels: ["pools", "origins"], prepare };

const cost: Cost = (member, request) =>
  member.weight > 0 ? (expectedMs(member, request) * (member.inFlight + 1)) / member.weight : Infinity;

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
    reason: (index, request) =>
      `${describeExpected(members[index]!, request)}, ${members[index]!.inFlight} in flight, weight ${members[index]!.weight}`,
  };
}
