/** What isolates and the `RateLimiter` of a key say to each other. */
import type { Rule } from "./meter.ts";
import type { Slice } from "./slice.ts";

export interface TakeRequest {
  /** Names what is taken, for a refund (`exact`) or to give a place back (`concurrency`). Random. */
  readonly id: string;
  readonly rule: Rule;
  /** `exact`: just these units. `leased`: a slice of at least these. */
  readonly mode: "exact" | "leased";
  /** Whole units the request costs, at least 1. */
  readonly units: number;
  /** `leased`: units that requests of this isolate are waiting for, and units a second it could spend on the key. */
  readonly waiting: number;
  readonly perSecond: number;
  /** Slices of this isolate that are over. */
  readonly done: readonly SliceReturn[];
}

/** A slice, or a place of `concurrency`, that will not be used any more. */
export interface SliceReturn {
  readonly id: string;
  /** Units of it that were never spent. */
  readonly unspent: number;
}

export interface TakeAnswer {
  readonly granted: boolean;
  /** What was lent (`leased`); empty when refused and under `exact`. */
  readonly slices: readonly Slice[];
  /** Units left for anyone after this. */
  readonly remaining: number;
  /** ms until what was asked for can be had; 0 when it was granted. */
  readonly retryMs: number;
  /** ms until more than `remaining` will be left. */
  readonly resetMs: number;
}

/** What a `RateLimiter` answers to. One object holds one key of one limit. */
export interface LimiterForIsolates {
  take(request: TakeRequest): Promise<TakeAnswer>;
  /** Slices and places come back; `refunds` are ids of `exact` takes whose request was turned away after all. */
  giveBack(done: readonly SliceReturn[], refunds: readonly string[]): Promise<void>;
}

/** What the control plane asks of a limiter. */
export interface LimiterForApi {
  /** Forgives the key what it has used; see the `RateLimiter`. */
  reset(): Promise<void>;
}
