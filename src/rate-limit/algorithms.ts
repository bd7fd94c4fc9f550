/** Which meter counts for which algorithm, and how long its slices may be lent. */
import { Concurrency } from "./concurrency.ts";
import { FixedWindow, windowEndMs } from "./fixed-window.ts";
import type { AlgorithmName, Meter, Rule, SavedMeter } from "./meter.ts";
import { SlidingLog } from "./sliding-log.ts";
import { SlidingWindow } from "./sliding-window.ts";
import { TokenBucket } from "./token-bucket.ts";

/** An isolate gives back what it did not spend while a request's `waitUntil` (30 s) still runs. */
const LONGEST_LEASE_MS = 20_000;

/** @param saved what `save()` gave; nothing for a key never seen. */
export function createMeter(algorithm: AlgorithmName, saved?: SavedMeter): Meter {
  switch (algorithm) {
    case "sliding-window":
      return new SlidingWindow(saved);
    case "sliding-log":
      return new SlidingLog(saved);
    case "token-bucket":
      return new TokenBucket(saved);
    case "fixed-window":
      return new FixedWindow(saved);
    case "concurrency":
      return new Concurrency(saved);
  }
}

/**
 * How long a slice granted now may be spent, in ms.
 *
 * Sliding: a tenth of the window, because a slice is charged for its lease and a window more. Fixed: to the window's end.
 * Token bucket: what the burst takes to fill, because refill stops for what is lent.
 * A place of `concurrency` is not lent but held: for the whole window.
 */
export function leaseMs(rule: Rule, nowMs: number): number {
  switch (rule.algorithm) {
    case "sliding-window":
    case "sliding-log":
      return Math.min(rule.windowMs / 10, LONGEST_LEASE_MS);
    case "fixed-window":
      return Math.min(windowEndMs(rule, nowMs) - nowMs, LONGEST_LEASE_MS);
    case "token-bucket":
      return Math.min((rule.burst * rule.windowMs) / rule.limit, LONGEST_LEASE_MS);
    case "concurrency":
      return rule.windowMs;
  }
}
