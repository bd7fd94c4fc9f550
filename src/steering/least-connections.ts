/**
 * `least-connections`: the member with the fewest requests, bodies and WebSockets open, relative to its weight.
 *
 *     cost = (in flight + open streams) / weight
 *
 * Of two drawn at random (`choices: 2`) or of all; members that cost the same share by weight. For long downloads and
 * sockets, whose load goes on after the response head. The price: every body is relayed through the Worker so that its
 * end is seen, which took 16 to 37 % of the throughput when measured; no other policy does that.
 */
import { prepareByCost } from "./by-cost.ts";
import type { Cost } from "./draw.ts";
import type { Policy } from "./policy.ts";

const cost: Cost = (member) => (member.weight > 0 ? (member.inFlight + member.openStreams) / member.weight : Infinity);

export const leastConnections: Policy = {
  name: "least-connections",
  levels: ["pools", "origins"],
  prepare: prepareByCost(
    cost,
    ({ inFlight, openStreams, weight }) => `${inFlight} in flight, ${openStreams} open, weight ${weight}`,
  ),
};
