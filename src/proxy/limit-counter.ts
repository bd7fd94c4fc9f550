/** How one limit counts, whatever its mode: the contract that the modes meet. */
import type { Rule } from "../rate-limit/meter.ts";

/** Who must hold on to work that outlives the request. */
export interface Background {
  waitUntil(work: Promise<unknown>): void;
}

/** What became of one request under one limit. */
export interface Reservation {
  readonly verdict: "admitted" | "refused" | "unanswered";
  /** ms until the request could be admitted; 0 when it was. */
  readonly retryMs: number;
  /** Units left as far as is known, and ms until there are more. NaN where nothing is known. */
  readonly remaining: number;
  readonly resetMs: number;
  /** Another limit turned the request away: what was reserved comes back. Null when nothing was. Called as a method. */
  readonly undo: ((background: Background) => void) | null;
  /** The request is over: its place comes free. Null where no place was taken. */
  readonly end: ((background: Background) => void) | null;
}

/** One limit in one isolate. */
export interface Counter {
  /** The refusal that this isolate remembers for the key; null when it remembers none. Counts nothing. */
  refusedAlready(key: string, units: number): Reservation | null;
  /** An operator reset the key with this limiter: a refusal remembered of it holds no longer. */
  forgive(limiter: string): void;
  /**
   * Reserves units for a request.
   *
   * @param key   who it counts for; kept in memory only
   * @param rule  the limit as it is now
   * @returns at once where nothing has to be asked
   */
  reserve(key: string, units: number, rule: Rule, background: Background): Reservation | Promise<Reservation>;
}

/** The limiter did not answer: `onError` decides. */
export const UNANSWERED: Reservation = {
  verdict: "unanswered",
  retryMs: 1_000,
  remaining: Number.NaN,
  resetMs: Number.NaN,
  undo: null,
  end: null,
};
