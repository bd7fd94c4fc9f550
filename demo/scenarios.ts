/** Every scenario of the demo, by name. */
import type { Scenario } from "./scenario.ts";
import { flapping } from "./scenarios/flapping.ts";
import { rateLimit } from "./scenarios/rate-limit.ts";
import { regionOutage } from "./scenarios/region-outage.ts";

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(
  [regionOutage, flapping, rateLimit].map((one) => [one.name, one]),
);
