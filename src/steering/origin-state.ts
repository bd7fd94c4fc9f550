/** What an isolate knows of one origin from one region, and whether the origin may take a request now. */
import type { OriginConfig } from "../config/origin.ts";
import type { LocalBreaker } from "../resilience/local-breaker.ts";
import type { Member } from "./policy.ts";

/** What an operator wants of an origin. Draining keeps what it has (sessions) and takes nothing new. */
export type Administrative = "enabled" | "draining" | "disabled";

/** The same, or counted as down for a game day, or registered and not yet taken in. */
export type AdministrativeState = Administrative | "simulated failure" | "waiting";

/** The breaker as agreed for this region. */
export type BreakerPhase = "closed" | "open" | "half-open";

export interface OriginState extends Member {
  readonly config: OriginConfig;
  /** What counts as a failure here, and when this isolate ejects on its own. */
  readonly local: LocalBreaker;
  /** Its place in the service's chain of backups, from 1; 0: it is a primary. */
  readonly backup: number;
  administrative: AdministrativeState;
  /** When it began to drain, ms since the epoch; read only while it drains. */
  drainingSinceMs: number;
  breaker: BreakerPhase;
  /** The health verdict for this region. */
  healthy: boolean;
  /** This isolate's own evidence: no attempts before this time (ms since the epoch); 0 when there is none. */
  ejectedUntilMs: number;
  /** Failures in a row seen by this isolate. */
  failureRun: number;
  /** Share of requests admitted by the ramp after recovery alone, in (0, 1]. */
  rampShare: number;
  /** Share of requests admitted while it ramps up after recovery, or gets or loses its traffic in steps, in (0, 1]. */
  admission: number;
  /** Share of its requests this region keeps on it while the world asks for more than its capacity, in (0, 1]. */
  kept: number;
}

/** Why an origin may not take a request. One word, one meaning; the first that applies is given. */
export type Refusal =
  | "disabled"
  | "draining"
  | "simulated failure"
  | "waiting"
  | "breaker open"
  | "half-open"
  | "unhealthy"
  | "ejected here";

const ADMINISTRATIVE: ReadonlySet<Refusal | null> = new Set(["disabled", "draining", "simulated failure", "waiting"]);

/** Refusals by an operator stand whatever happens; the others are opinions that panic may overrule. */
export function isAdministrative(refusal: Refusal | null): boolean {
  return ADMINISTRATIVE.has(refusal);
}

/** Ejections rest on failed traffic, not on an operator or a health check: they are the ones that are capped. */
export function isEjection(refusal: Refusal | null): boolean {
  return refusal === "breaker open" || refusal === "half-open" || refusal === "ejected here";
}

/**
 * Why this origin may not take a request now, or null when it may.
 *
 * @param nowMs ms since the epoch
 */
export function refusalOf(origin: OriginState, nowMs: number): Refusal | null {
  return refusalBy(origin.administrative, origin) ?? (origin.ejectedUntilMs > nowMs ? "ejected here" : null);
}

/** The same whatever an operator wants of it. */
export function ailmentOf(origin: OriginState, nowMs: number): Refusal | null {
  return refusalBy("enabled", origin) ?? (origin.ejectedUntilMs > nowMs ? "ejected here" : null);
}

/**
 * The same by what is agreed on alone, without this isolate's own doubts.
 *
 * @param verdict of the breaker and of the health checks; undefined: nothing is known, which is no reason
 */
export function refusalBy(
  administrative: AdministrativeState,
  verdict: Pick<OriginState, "breaker" | "healthy"> | undefined,
): Refusal | null {
  if (administrative !== "enabled") return administrative;
  if (verdict?.breaker === "open") return "breaker open";
  if (verdict?.breaker === "half-open") return "half-open";
  return verdict?.healthy === false ? "unhealthy" : null;
}
