/**
 * The circuit breaker: when an origin is ejected, when it is tried, when it is taken back. Plain data in, plain data out.
 *
 * CLOSED takes counts and opens on a run of failures, a ratio of failures or a ratio of slow answers. OPEN waits out its
 * time, which doubles from one opening to the next. HALF-OPEN takes outcomes of trials: enough successes close it onto a
 * ramp, one failure opens it again. States carry only what is legal in them.
 */
import type { BreakerConfig, RampConfig } from "../config/breaker.ts";
import { admissionOf, advanceRamp, rampDueMs, recordOnRamp, startRamp, type Ramp } from "../health/ramp.ts";
import { addCounts, totalsOf, type Counts, type CountWindow } from "./count-window.ts";

interface Entered {
  /** When the state was entered, ms since the epoch. */
  readonly sinceMs: number;
  /** Why, in a few words for an operator. */
  readonly reason: string;
  /** Openings in a row, the current or last one included: what the open time doubles by. */
  readonly openings: number;
}

export interface Closed extends Entered {
  readonly phase: "closed";
  readonly window: CountWindow;
  /** null: all requests are admitted. */
  readonly ramp: Ramp | null;
}

export interface Open extends Entered {
  readonly phase: "open";
  /** When it becomes half-open, ms since the epoch. */
  readonly untilMs: number;
}

export interface HalfOpen extends Entered {
  readonly phase: "half-open";
  /** Trials that succeeded. */
  readonly successes: number;
}

export type CircuitBreaker = Closed | Open | HalfOpen;

/** What an isolate or a region saw: counts, and the longest run of failures within one isolate. */
export interface Evidence extends Counts {
  readonly longestFailureRun: number;
}

export interface BreakerRules {
  readonly breaker: BreakerConfig;
  readonly ramp: RampConfig;
}

/** Open times get up to this share longer at random, so that origins that fell together do not come back together. */
const OPEN_JITTER = 0.2;

export function freshBreaker(): Closed {
  return { phase: "closed", sinceMs: 0, reason: "new", openings: 0, window: [], ramp: null };
}

/**
 * Takes counts in. Only a closed breaker listens: while it is open or half-open, traffic that is not a trial says nothing.
 *
 * @param random uniform in [0, 1)
 */
export function recordEvidence(
  state: CircuitBreaker,
  evidence: Evidence,
  rules: BreakerRules,
  nowMs: number,
  random: () => number,
): CircuitBreaker {
  if (state.phase !== "closed" || !rules.breaker.enabled) return state;
  const window = addCounts(state.window, evidence, rules.breaker.windowSeconds * 1000, nowMs);
  const ramp = state.ramp && recordOnRamp(state.ramp, evidence);
  const next: Closed = { ...state, window, ramp };
  const reason = reasonToOpen(next, evidence.longestFailureRun, rules.breaker, nowMs);
  return reason === null ? next : open(next, reason, rules, nowMs, random);
}

/** Why a closed breaker must open, or null. On the ramp few requests come, so fewer are enough for a ratio. */
function reasonToOpen(state: Closed, failureRun: number, config: BreakerConfig, nowMs: number): string | null {
  if (failureRun >= config.consecutiveFailures) return `${failureRun} failures in a row`;
  const { successes, failures, slow } = totalsOf(state.window, config.windowSeconds * 1000, nowMs);
  const requests = successes + failures;
  const minimum =
    state.ramp === null ? config.minimumRequests : Math.min(config.minimumRequests, config.consecutiveFailures);
  if (requests < minimum) return null;
  if (failures / requests >= config.failureRatio) return `${failures} of ${requests} requests failed`;
  if (config.slowRatio !== undefined && slow / requests >= config.slowRatio)
    return `${slow} of ${requests} requests were slow`;
  return null;
}

/** Opens whatever it was before; what opens again before it had recovered stays open twice as long. */
export function open(
  state: CircuitBreaker,
  reason: string,
  { breaker }: BreakerRules,
  nowMs: number,
  random: () => number,
): Open {
  const openings = hasRecovered(state, breaker, nowMs) ? 1 : state.openings + 1;
  const seconds = Math.min(
    breaker.maxOpenSeconds,
    breaker.openSeconds * 2 ** (openings - 1) * (1 + OPEN_JITTER * random()),
  );
  return { phase: "open", sinceMs: nowMs, untilMs: nowMs + seconds * 1000, reason, openings };
}

/** Closed with the ramp behind it, and for a window at least. */
function hasRecovered(state: CircuitBreaker, config: BreakerConfig, nowMs: number): boolean {
  return state.phase === "closed" && state.ramp === null && nowMs - state.sinceMs >= config.windowSeconds * 1000;
}

/** Takes the outcome of a trial in; only a half-open breaker has any. */
export function recordTrial(
  state: CircuitBreaker,
  succeeded: boolean,
  rules: BreakerRules,
  nowMs: number,
  random: () => number,
): CircuitBreaker {
  if (state.phase !== "half-open") return state;
  if (!succeeded) return open(state, "a trial failed", rules, nowMs, random);
  const successes = state.successes + 1;
  if (successes < rules.breaker.successThreshold) return { ...state, successes };
  return {
    phase: "closed",
    sinceMs: nowMs,
    reason: `${successes} trials succeeded`,
    openings: state.openings,
    window: [],
    ramp: startRamp(rules.ramp, nowMs),
  };
}

/**
 * Does what is due: half-open after the open time, the ramp's next step. A clock that was set back starts the waiting
 * again instead of making it longer. Returns the same object when nothing was due.
 */
export function advance(state: CircuitBreaker, rules: BreakerRules, nowMs: number): CircuitBreaker {
  switch (state.phase) {
    case "open":
      if (nowMs < state.sinceMs) return { ...state, sinceMs: nowMs, untilMs: nowMs + state.untilMs - state.sinceMs };
      if (nowMs < state.untilMs) return state;
      return {
        phase: "half-open",
        sinceMs: nowMs,
        reason: "the open time is over",
        openings: state.openings,
        successes: 0,
      };
    case "half-open":
      return state;
    case "closed": {
      if (state.ramp === null) return state;
      const ramp = advanceRamp(state.ramp, rules.ramp, nowMs);
      if (ramp === state.ramp) return state;
      return ramp === null ? { ...state, ramp, sinceMs: nowMs, reason: "the ramp is over" } : { ...state, ramp };
    }
  }
}

/** When `advance` has something to do, ms since the epoch; Infinity: never by itself. */
export function dueMs(state: CircuitBreaker, rules: BreakerRules): number {
  if (state.phase === "open") return state.untilMs;
  return state.phase === "closed" && state.ramp !== null ? rampDueMs(state.ramp, rules.ramp) : Infinity;
}

/** Share of requests admitted, in [0, 1]: none while it is open or half-open, since trials need a permit. */
export function admissionThrough(state: CircuitBreaker): number {
  return state.phase === "closed" ? admissionOf(state.ramp) : 0;
}

/** The part worth storing: counts come with every report and are of no use after the pause that an eviction means. */
export function withoutCounts(state: CircuitBreaker): CircuitBreaker {
  if (state.phase !== "closed") return state;
  return { ...state, window: [], ramp: state.ramp && { ...state.ramp, successes: 0, failures: 0 } };
}
