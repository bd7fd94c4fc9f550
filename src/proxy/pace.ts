/** What one service's attempts in this isolate have in common: retry budget, usual latency, and the origins' bulkheads. */
import type { ConcurrencyConfig } from "../config/retry.ts";
import { emptyBulkhead, enter, leave, queue, type Bulkhead } from "../resilience/concurrency.ts";
import { emptyHistogram, type LatencyHistogram } from "../resilience/hedge.ts";
import { emptyBudget, type RetryBudget } from "../resilience/retry-budget.ts";
import type { OriginState } from "../steering/origin-state.ts";

export interface Pace {
  readonly budget: RetryBudget;
  readonly histogram: LatencyHistogram;
  readonly bulkheads: WeakMap<OriginState, Bulkhead>;
}

export function newPace(): Pace {
  return { budget: emptyBudget(), histogram: emptyHistogram(), bulkheads: new WeakMap() };
}

/** Takes a place at an origin; true at once where no bound is configured. */
export function enterOrigin(pace: Pace, config: ConcurrencyConfig | undefined, origin: OriginState): boolean {
  return config === undefined || enter(bulkheadOf(pace, origin), config.max);
}

/** Gives a place back. */
export function leaveOrigin(pace: Pace, config: ConcurrencyConfig | undefined, origin: OriginState): void {
  if (config !== undefined) leave(bulkheadOf(pace, origin));
}

/**
 * Waits for a place at an origin whose places are all taken.
 *
 * @returns whether there is a place now, and it is the caller's
 */
export async function waitForOrigin(
  pace: Pace,
  { max, queue }: ConcurrencyConfig,
  origin: OriginState,
): Promise<boolean> {
  const bulkhead = bulkheadOf(pace, origin);
  const untilMs = Date.now() + queue.timeoutMs;
  while (!enter(bulkhead, max)) {
    const leftMs = untilMs - Date.now();
    if (leftMs <= 0 || !(await woken(bulkhead, queue.max, leftMs))) return false;
  }
  return true;
}

/** Each waiter makes its own promise: it is resolved from another request's context and continued in its own. */
function woken(bulkhead: Bulkhead, maxWaiting: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const withdraw = queue(bulkhead, maxWaiting, () => resolve(true));
    if (withdraw === null) return resolve(false);
    setTimeout(() => {
      withdraw();
      resolve(false);
    }, timeoutMs);
  });
}

function bulkheadOf({ bulkheads }: Pace, origin: OriginState): Bulkhead {
  let bulkhead = bulkheads.get(origin);
  if (bulkhead === undefined) bulkheads.set(origin, (bulkhead = emptyBulkhead()));
  return bulkhead;
}
