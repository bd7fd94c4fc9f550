/** What a hub goes by that has not heard an origin's breaker, and whether a word it heard says more than that. */
import type { BreakerState } from "./protocol.ts";

/** The word of a breaker that has not been heard. */
export const UNHEARD: BreakerState = { version: 0, breaker: "closed", admission: 1, verdict: "unknown" };

/**
 * Whether a hub that forgot the word would go by anything else.
 *
 * @param registeredAtMs when the origin was added at runtime, ms since the epoch, and waits for its first verdict; null: it
 *                       came with the deployment, and is up until somebody finds it down
 */
export function isWorthKeeping({ breaker, admission, verdict }: BreakerState, registeredAtMs: number | null): boolean {
  if (breaker !== UNHEARD.breaker || admission !== UNHEARD.admission) return true;
  return registeredAtMs === null ? verdict === "down" : verdict !== UNHEARD.verdict;
}
