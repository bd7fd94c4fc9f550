/** What a hub knows of one origin, and what it makes of it: the verdict that its region's isolates are told. */
import { UNHEARD } from "../src/agreement/breaker-word.ts";
import type { BreakerState, OriginVerdict } from "../src/agreement/protocol.ts";
import type { OriginSettings } from "../src/config/origin-settings.ts";
import { isHealthy, verdictIn } from "../src/health/quorum.ts";
import { UNKNOWN_HEALTH, type RegionalHealth } from "../src/health/thresholds.ts";
import { noEvidence, type RegionEvidence } from "../src/resilience/region-evidence.ts";

export interface Known {
  settings: OriginSettings;
  readonly evidence: RegionEvidence;
  state: BreakerState;
  health: RegionalHealth;
  /** What isolates were told last. */
  told: OriginVerdict;
  probedMs: number;
  /** Whether counts are on their way to the breaker. */
  forwarding: boolean;
  /** The breaker is not asked again before these times, ms since the epoch. */
  nextForwardMs: number;
  nextPermitMs: number;
}

/** @param state what its breaker said, if it was heard before */
export function newlyKnown(settings: OriginSettings, state: BreakerState | undefined, nowMs: number): Known {
  const known = {
    settings,
    evidence: noEvidence(),
    state: state ?? UNHEARD,
    health: UNKNOWN_HEALTH,
    probedMs: 0,
    forwarding: false,
    nextForwardMs: 0,
    nextPermitMs: 0,
  };
  return { ...known, told: verdictOf(known, nowMs) };
}

/** The breaker's word, and the region's own news before the breaker has heard it. */
export function verdictOf(
  { state, health, settings }: Pick<Known, "state" | "health" | "settings">,
  nowMs: number,
): OriginVerdict {
  const verdict = verdictIn(health.verdict, state.verdict);
  const healthy = isHealthy(verdict, settings.registeredAtMs, settings.monitor, nowMs);
  return { breaker: state.breaker, admission: state.admission, healthy };
}
