/**
 * `least-response-time`: the member that would answer first, given what it takes now and what is waiting there.
 *
 *     cost = latency * (in flight + 1) / weight        latency: peak-sensitive EWMA, ms
 *
 * Of two drawn at random (`choices: 2`) or of all. Source: Finagle's `PeakEwma` load metric under its P2C balancer
 * (twitter/finagle, `com.twitter.finagle.loadbalancer.PeakEwma`). Where Finagle sends to an unmeasured node first, an
 * unmeasured member here counts with what its distance allows, because pools may be an ocean away.
 */
import { prepareByCost } from "./by-cost.ts";
import type { Cost } from "./draw.ts";
import { describeExpected, expectedMs } from "./expected-latency.ts";
import type { Policy } from "./policy.ts";

const cost: Cost = (member, request) =>
  member.weight > 0 ? (expectedMs(member, request) * (member.inFlight + 1)) / member.weight : Infinity;

export const leastResponseTime: Policy = {
  name: "least-response-time",
  levels: ["pools", "origins"],
  prepare: prepareByCost(
    cost,
    (member, request) => `${describeExpected(member, request)}, ${member.inFlight} in flight, weight ${member.weight}`,
  ),
};
