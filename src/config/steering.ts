/** What a service may say about how an origin is chosen. */
import { z } from "zod";

export const steeringSchema = z.strictObject({
  policy: z.enum(["failover", "latency"]).default("latency").meta({
    description:
      "How pools are ordered for a request. `failover`: by priority, then in the order written. `latency`: lowest measured latency from the request's region; until measured, nearest.",
  }),
  toleranceMs: z
    .number()
    .min(0)
    .default(10)
    .meta({ description: "Under `latency`, pools within this many ms of the best share the traffic." }),
});

export type SteeringConfig = z.output<typeof steeringSchema>;
export type PolicyName = SteeringConfig["policy"];
