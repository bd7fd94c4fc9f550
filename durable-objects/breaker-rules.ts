/** By which rules an origin's breaker works: those of its service and pool; and what the origin takes. */
import config from "../fairlead.config.ts";
import type { Introduction, OriginId } from "../src/agreement/protocol.ts";
import { BREAKER_DEFAULTS, RAMP_DEFAULTS } from "../src/config/breaker-defaults.ts";
import { originSettings, poolSettings, type OriginSettings } from "../src/config/origin-settings.ts";

export type Rules = Pick<OriginSettings, "breaker" | "ramp" | "attemptMs">;

const SETTINGS = originSettings(config);
const DEFAULTS: Rules = { breaker: BREAKER_DEFAULTS, ramp: RAMP_DEFAULTS, attemptMs: 120_000 };

/** An origin that nobody introduced and this deployment does not know can still be asked about: versions mix during a deploy. */
export function rulesFor(origin: OriginId, introduction: Introduction | null): Rules {
  const settings = SETTINGS.get(origin);
  if (settings !== undefined || introduction === null) return settings ?? DEFAULTS;
  const service = config.services[introduction.service];
  const pool = service?.pools[introduction.pool];
  return service === undefined || pool === undefined ? DEFAULTS : poolSettings(service, pool);
}

/** Requests a second that the origin takes worldwide; undefined: nobody said. */
export function capacityOf(origin: OriginId, introduction: Introduction | null): number | undefined {
  return SETTINGS.get(origin)?.origin.capacity ?? introduction?.capacity ?? undefined;
}
