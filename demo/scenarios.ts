/** Every scenario of the demo, by name. */
import type { Scenario } from "./scenario.ts";
import { regionOutage } from "./scenarios/region-outage.ts";

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map([regionOutage].map((one) => [one.name, one]));
