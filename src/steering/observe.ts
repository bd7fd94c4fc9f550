/** What an attempt's end teaches about its origin and its pool, for the policies that go by health. */
import { observeLatency } from "../health/latency.ts";
import type { Candidate } from "./candidates.ts";
import type { Member } from "./policy.ts";
import type { ServiceState } from "./availability.ts";

/** How much one attempt counts in the success ratio: about the last twenty do. */
const SUCCESS_RATE = 0.05;

/** Time constant of what a latency usually is, ms: a slow minute must not pass for usual. */
const BASELINE_MS = 300_000;

/**
 * Takes in how an attempt ended.
 *
 * @param durationMs time to the response head, ms; read only of successes
 * @param nowMs      ms since the epoch
 */
export function observeAttempt(
  service: ServiceState,
  { pool, origin }: Candidate,
  success: boolean,
  durationMs: number,
  nowMs: number,
): void {
  observeMember(pool, success, durationMs, nowMs);
  observeMember(origin, success, durationMs, nowMs);
  // Finding the index costs a search, so only policies that learn pay for it.
  service.picker.observe?.(service.pools.indexOf(pool), success);
  pool.picker.observe?.(pool.origins.indexOf(origin), success);
}

function observeMember(member: Member, success: boolean, durationMs: number, nowMs: number): void {
  member.successRatio += SUCCESS_RATE * ((success ? 1 : 0) - member.successRatio);
  if (!success) return;
  const kept = Math.exp(-Math.max(0, nowMs - member.latencyAtMs) / BASELINE_MS);
  member.baselineMs = Number.isNaN(member.baselineMs) ? durationMs : member.baselineMs * kept + durationMs * (1 - kept);
  observeLatency(member, durationMs, nowMs);
}
