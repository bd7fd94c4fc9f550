/** Topic `steering`: what a decision costs and how well the policies keep their promises. */
import type { Reporter, TopicOptions } from "../figure.ts";
import { allocation, decisionCost } from "../steering/decision.ts";
import { boundedLoad, keyMovement, ringBesideNpm } from "../steering/keys.ts";
import { hedging, retryStorm } from "../steering/retries.ts";
import { weightedShares } from "../steering/shares.ts";

export async function run(report: Reporter, options: TopicOptions): Promise<void> {
  decisionCost(report, options);
  allocation(report);
  keyMovement(report, options);
  boundedLoad(report, options);
  ringBesideNpm(report, options);
  weightedShares(report);
  await retryStorm(report, options);
  await hedging(report, options);
}
