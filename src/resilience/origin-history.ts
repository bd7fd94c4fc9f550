/** What an operator can ask of an origin's breaker afterwards: its last changes, with time, region and reason. */
import type { BreakerState, HubName, OriginId } from "../agreement/protocol.ts";
import type { Region } from "../config/region.ts";
import type { Verdict } from "../health/thresholds.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import type { OriginAgreement } from "./origin-agreement.ts";

/** Changes of each kind that are kept. */
const KEPT = 50;

/** A region, or all of them together. */
export type Scope = Region | "world";

export interface Transition {
  /** ms since the epoch. */
  readonly atMs: number;
  readonly scope: Scope;
  readonly from: CircuitBreaker["phase"];
  readonly to: CircuitBreaker["phase"];
  readonly reason: string;
}

export interface HealthChange {
  readonly atMs: number;
  readonly scope: Scope;
  readonly verdict: Verdict;
  readonly reason: string;
}

/** What is kept of an origin beyond the moment. */
export interface OriginHistory {
  /** Grows with every change a hub can see. */
  readonly version: number;
  /** The last 50 of each, oldest first. */
  readonly transitions: readonly Transition[];
  readonly healthChanges: readonly HealthChange[];
  /** What regions have told of the origin's health. */
  readonly verdicts: Readonly<Partial<Record<Region, Verdict>>>;
  readonly globalVerdict: Verdict;
  /** Hubs beyond one a region that have called. */
  readonly shards: readonly HubName[];
}

export const NO_HISTORY: OriginHistory = {
  version: 0,
  transitions: [],
  healthChanges: [],
  verdicts: {},
  globalVerdict: "unknown",
  shards: [],
};

/** What an operator is told of an origin's breaker. */
export interface OriginInspection extends OriginHistory {
  readonly origin: OriginId;
  readonly agreement: OriginAgreement;
  /** What each region is told. */
  readonly states: Readonly<Partial<Record<Region, BreakerState>>>;
}

/** The phase changes between two states. A region whose breaker gave way to the world's is no change of its own. */
export function transitionsBetween(before: OriginAgreement, after: OriginAgreement, nowMs: number): Transition[] {
  const scopes = ["world", ...Object.keys(after.regions)] as Scope[];
  return scopes.flatMap((scope) => {
    const from = breakerOf(before, scope)?.phase ?? "closed";
    const to = breakerOf(after, scope)!;
    return from === to.phase ? [] : [{ atMs: nowMs, scope, from, to: to.phase, reason: to.reason }];
  });
}

/** The list with the changes at its end, and without what is too old to be kept. */
export function kept<Change>(list: readonly Change[], changes: readonly Change[]): readonly Change[] {
  return [...list, ...changes].slice(-KEPT);
}

function breakerOf(agreement: OriginAgreement, scope: Scope): CircuitBreaker | undefined {
  return scope === "world" ? agreement.world : agreement.regions[scope];
}
