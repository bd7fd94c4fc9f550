/**
 * How many retries there may be, so that sick origins are not beaten with them.
 *
 *     retries in the last 10 s <= ratio * requests in the last 10 s, and beyond that minPerSecond in each second
 *
 * Finagle's `RetryBudget`, with a window instead of its leaky tokens. The second part lets an isolate with little traffic
 * retry at all. It is not saved up, or every window would begin with a burst; and it is given up while the region as a
 * whole is over its ratio, or many small isolates would add up.
 */
import type { BudgetConfig } from "../config/retry.ts";

const WINDOW_SECONDS = 10;

export interface RetryBudget {
  /** One slot a second of the window. */
  readonly requests: Float64Array;
  /** Those that the ratio covers. */
  readonly retries: Float64Array;
  /** Those beyond it. */
  readonly extras: Float64Array;
  /** The second (since the epoch) up to which the slots are current. */
  second: number;
}

export function emptyBudget(): RetryBudget {
  return { requests: emptySlots(), retries: emptySlots(), extras: emptySlots(), second: 0 };
}

function emptySlots(): Float64Array {
  return new Float64Array(WINDOW_SECONDS);
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
  const slot = budget.second % WINDOW_SECONDS;
  if (sum(budget.retries) + 1 <= config.ratio * sum(budget.requests)) {
    budget.retries[slot]!++;
    return true;
  }
  // A fraction of one a second is one in so many seconds.
  const isSpent = budget.extras[slot]! + 1 > Math.max(1, config.minPerSecond);
  if (isSpent || sum(budget.extras) + 1 > config.minPerSecond * WINDOW_SECONDS || regionRatio > config.ratio)
    return false;
  budget.extras[slot]!++;
  return true;
}

/**
 * Notes a retry that is made whatever is left, because it goes where nothing is wrong: a load that one sick origin sheds
 * onto healthy ones is not multiplied. Later ones wait until it is made up for.
 */
export function oweRetry(budget: RetryBudget, nowMs: number): void {
  advance(budget, nowMs);
  budget.retries[budget.second % WINDOW_SECONDS]!++;
}

/** Clears the slots of seconds that have passed. A clock that steps back stays in the newest second. */
function advance(budget: RetryBudget, nowMs: number): void {
  const second = Math.floor(nowMs / 1000);
  if (second <= budget.second) return;
  for (let passed = Math.max(budget.second, second - WINDOW_SECONDS) + 1; passed <= second; passed++) {
    budget.requests[passed % WINDOW_SECONDS] = 0;
    budget.retries[passed % WINDOW_SECONDS] = 0;
    budget.extras[passed % WINDOW_SECONDS] = 0;
  }
  budget.second = second;
}

function sum(slots: Float64Array): number {
  let total = 0;
  for (let index = 0; index < slots.length; index++) total += slots[index]!;
  return total;
}
