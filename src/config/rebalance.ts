/** What a service may say about how changes of its topology take effect. */
import { about } from "#about";
import * as z from "zod";

export const rebalanceSchema = z.strictObject({
  strategy: z
    .enum(["immediate", "gradual", "manual"])
    .default("immediate")
    .meta(
      about(
        "How origins that are enabled, drained, registered or weighed anew get and lose their traffic: `immediate`, `gradual` (in steps), or `manual` (when `POST /api/v1/loadbalancer/rebalance/{service}` says so). Disabling is always immediate.",
      ),
    ),
  stepPercent: z
    .number()
    .min(1)
    .max(100)
    .default(10)
    .meta(about("How much of the way each step goes, in percent; the first step is taken at once.")),
  stepSeconds: z.number().min(0.1).max(3600).default(10).meta(about("Time between steps, in seconds.")),
});

export type RebalanceConfig = z.output<typeof rebalanceSchema>;
