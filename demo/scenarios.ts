/** Every scenario of the demo, by name. */
import type { Scenario } from "./scenario.ts";
import { flapping } from "./scenarios/flapping.ts";
import { purge } from "./scenarios/purge.ts";
import { rateLimit } from "./scenarios/rate-limit.ts";
import { regionOutage } from "./scenarios/region-outage.ts";

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(
  [regionOutage, flapping, rateLimit, purge].map((one) => [one.name, one]),
);
