/**
 * `least-outstanding`: the member with the fewest attempts waiting for a response head, relative to its weight.
 *
 *     cost = in flight / weight        in flight: this isolate's attempts and, from the view, its region's
 *
 * Of two drawn at random (`choices: 2`) or of all. Members that cost the same share by weight, so that weights hold when
 * there is little traffic too. Outstanding ends at the response head: watching a body to its end costs throughput, and
 * only `least-connections` pays for it.
 */
import { prepareByCost } from "./by-cost.ts";
import type { Cost } from "./draw.ts";
import type { Policy } from "./policy.ts";

const cost: Cost = (member) => (member.weight > 0 ? member.inFlight / member.weight : Infinity);

export const leastOutstanding: Policy = {
  name: "least-outstanding",
  levels: ["pools", "origins"],
  prepare: prepareByCost(cost, ({ inFlight, weight }) => `${inFlight} in flight, weight ${weight}`),
};
