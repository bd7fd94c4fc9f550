/** How an origin comes back after it recovered: 10 % of its requests first, 10 % more a step, held while it stumbles. */
import type { RampConfig } from "../config/breaker.ts";

const STEPS = 10;

export interface Ramp {
  /** Tenths of its requests that it takes, 1 to 9; a ramp that would reach ten is over. */
  readonly step: number;
  /** When the step began, ms since the epoch. */
  readonly sinceMs: number;
  /** Outcomes since then. */
  readonly successes: number;
  readonly failures: number;
}

/** The ramp of an origin that has just recovered, or null where the configuration wants none. */
export function startRamp(config: RampConfig, nowMs: number): Ramp | null {
  return config.stepSeconds === 0 ? null : { step: 1, sinceMs: nowMs, successes: 0, failures: 0 };
}

/** Takes outcomes in. */
export function recordOnRamp(ramp: Ramp, counts: { readonly successes: number; readonly failures: number }): Ramp {
  return { ...ramp, successes: ramp.successes + counts.successes, failures: ramp.failures + counts.failures };
}

/**
 * Moves on when the step's time is over: up if enough of its requests succeeded (nobody asked: nothing failed), else the
 * same step again on fresh counts. However much time has passed, it is one step: a clock that jumps ahead skips nothing.
 *
 * @returns the same object when nothing changed, null when the ramp is over
 */
export function advanceRamp(ramp: Ramp, config: RampConfig, nowMs: number): Ramp | null {
  if (nowMs < ramp.sinceMs) return { ...ramp, sinceMs: nowMs };
  if (nowMs < rampDueMs(ramp, config)) return ramp;
  const requests = ramp.successes + ramp.failures;
  const rises = requests === 0 || ramp.successes / requests >= config.successRatio;
  const step = rises ? ramp.step + 1 : ramp.step;
  return step >= STEPS ? null : { step, sinceMs: nowMs, successes: 0, failures: 0 };
}

/** When `advanceRamp` has to be called, ms since the epoch. */
export function rampDueMs(ramp: Ramp, config: RampConfig): number {
  return ramp.sinceMs + config.stepSeconds * 1000;
}

/** Share of its requests that the origin takes, in (0, 1]. */
export function admissionOf(ramp: Ramp | null): number {
  return ramp === null ? 1 : ramp.step / STEPS;
}

/**
 * Whether an origin that takes a share of its requests takes this one. The same key gets the same answer at the same
 * share, and who is in stays in as the share grows; another origin answers independently.
 *
 * @param key       what the request is known by
 * @param admission share taken, in (0, 1]
 */
export function admits(origin: string, key: string, admission: number): boolean {
  return admission >= 1 || position(origin, key) < admission;
}

/** A point in [0, 1) from both names: FNV-1a (draft-eastlake-fnv) with murmur3's finaliser, so that near keys part. */
function position(origin: string, key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < origin.length; i++) hash = Math.imul(hash ^ origin.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ 0xff, 0x01000193);
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
