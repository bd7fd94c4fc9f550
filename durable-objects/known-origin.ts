/** What a hub knows of one origin, and what it makes of it: the verdict that its region's isolates are told. */
import type { BreakerState, OriginVerdict } from "../src/agreement/protocol.ts";
import type { OriginSettings } from "../src/config/origin-settings.ts";
import { isHealthy, verdictIn } from "../src/health/quorum.ts";
import { UNKNOWN_HEALTH, type RegionalHealth } from "../src/health/thresholds.ts";
import { noEvidence, type RegionEvidence } from "../src/resilience/region-evidence.ts";

/** The word of a breaker that has not been heard. */
const UNHEARD: BreakerState = { version: 0, breaker: "closed", admission: 1, verdict: "unknown" };

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

/**
 * Whether the breaker has to hear of the region's verdict: not if it thinks the same; up is news to one that thinks down,
 * and the first verdict on an origin that was added at runtime, which waits for it, is news anyway.
 */
export function isNews({ health, state, settings }: Known): boolean {
  if (health.verdict === "unknown" || health.verdict === state.verdict) return false;
  return health.verdict === "down" || state.verdict === "down" || settings.registeredAtMs !== null;
}

/** A breaker's word that is like having none is not kept. */
export function saysNothing({ state, settings }: Known): boolean {
  const isOfNoUse = settings.registeredAtMs === null ? state.verdict !== "down" : state.verdict === "unknown";
  return state.breaker === "closed" && state.admission === 1 && isOfNoUse;
}
