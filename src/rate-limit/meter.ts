/** The contract of a rate-limit algorithm: what has been charged against one key, and what may still be. */

export const ALGORITHMS = ["sliding-window", "sliding-log", "token-bucket", "fixed-window", "concurrency"] as const;

export type AlgorithmName = (typeof ALGORITHMS)[number];

/** The numbers a limit is judged by. They come with every call, because `adapt` moves them. */
export interface Rule {
  readonly algorithm: AlgorithmName;
  /** Units a window admits; for `concurrency` the places there are. */
  readonly limit: number;
  /** Length of the window; for `concurrency` the longest a place is held without being given back. */
  readonly windowMs: number;
  /** `token-bucket` only: units an idle key may spend at once. */
  readonly burst: number;
}

/**
 * Counts the units charged to one key.
 *
 * A charge names the latest moment its units can be used: now for a request that is admitted, the end of the lease for a
 * slice handed out. Until a slice is finished a meter counts all of it, in every place it could still fall.
 * Times must never go back between calls: `SteadyClock` sees to that.
 */
export interface Meter {
  /** Whole units that may be charged now; 0 or more. */
  available(rule: Rule, nowMs: number): number;
  /** Charges units that will be used by `untilMs` (>= nowMs) at the latest. Does not ask whether there are any. */
  charge(rule: Rule, units: number, nowMs: number, untilMs: number): void;
  /** A slice is over: `unspent` of its `units` were never used, the others were used by now. Once a slice. */
  finish(rule: Rule, units: number, unspent: number, nowMs: number, untilMs: number): void;
  /** Units charged for `chargedAtMs` to a request that was turned away after all. Once a charge. */
  refund(rule: Rule, units: number, nowMs: number, chargedAtMs: number): void;
  /** ms until `units` are available if nothing else happens; 0 when they are; Infinity when they never will be. */
  waitMs(rule: Rule, units: number, nowMs: number): number;
  /** From when on a fresh meter would answer the same, not counting slices that are still out. */
  idleAtMs(rule: Rule, nowMs: number): number;
  /** The state as JSON values, for `createMeter`. */
  save(): SavedMeter;
}

export type SavedMeter = readonly number[];
