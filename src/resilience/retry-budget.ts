/**
 * How many retries there may be, so that sick origins are not beaten with them.
 *
 *     retries in the last 10 s <= ratio * requests in the last 10 s + 10 * minPerSecond
 *
 * Finagle's `RetryBudget`, with a window instead of its leaky tokens. The second part lets an isolate with little traffic
 * retry at all; it is given up while the region as a whole is over its ratio, or many small isolates would add up.
 */
import type { BudgetConfig } from "../config/retry.ts";

const WINDOW_SECONDS = 10;

export interface RetryBudget {
  /** One slot a second of the window. */
  readonly requests: Float64Array;
  readonly retries: Float64Array;
  /** The second (since the epoch) up to which the slots are current. */
  second: number;
}

export function emptyBudget(): RetryBudget {
  return { requests: new Float64Array(WINDOW_SECONDS), retries: new Float64Array(WINDOW_SECONDS), second: 0 };
}

/** Notes a client's request. */
export function countRequest(budget: RetryBudget, nowMs: number): void {
  advance(budget, nowMs);
  budget.requests[budget.second % WINDOW_SECONDS]!++;
}

/**
 * Takes one retry out of the budget.
 *
 * @param regionRatio retries per request in the whole region, from the view; 0 where unknown
 * @returns false when there is none left
 */
export function takeRetry(budget: RetryBudget, config: BudgetConfig, regionRatio: number, nowMs: number): boolean {
  advance(budget, nowMs);
  const least = regionRatio > config.ratio ? 0 : config.minPerSecond * WINDOW_SECONDS;
  if (sum(budget.retries) + 1 > config.ratio * sum(budget.requests) + least) return false;
  budget.retries[budget.second % WINDOW_SECONDS]!++;
  return true;
}

/** Clears the slots of seconds that have passed. A clock that steps back stays in the newest second. */
function advance(budget: RetryBudget, nowMs: number): void {
  const second = Math.floor(nowMs / 1000);
  if (second <= budget.second) return;
  for (let passed = Math.max(budget.second, second - WINDOW_SECONDS) + 1; passed <= second; passed++) {
    budget.requests[passed % WINDOW_SECONDS] = 0;
    budget.retries[passed % WINDOW_SECONDS] = 0;
  }
  budget.second = second;
}

function sum(slots: Float64Array): number {
  let total = 0;
  for (let index = 0; index < slots.length; index++) total += slots[index]!;
  return total;
}
