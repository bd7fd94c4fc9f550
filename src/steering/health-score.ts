/**
 * How well a member is, in (0, 1]: what `health-aware` and `adaptive` weigh it by.
 *
 *     score = success^3 * min(1, baseline / latency) * headroom        at least 0.01
 *
 * - success: share of recent attempts that succeeded; cubed, so that 90 % costs a quarter of the traffic and 50 % most.
 * - baseline / latency: what its latency usually is over what it is now; the member's own measure, so that a far one is
 *   not taken for a sick one.
 * - headroom: 1 up to 70 % of capacity, falling to 0.1 at 120 %.
 *
 * The floor keeps a trickle on a sick member, or nobody would learn that it is well again.
 */
import type { Member } from "./policy.ts";

const FLOOR = 0.01;

export function healthScore(member: Member): number {
  const { successRatio, latencyMs, baselineMs, saturation } = member;
  // NaN (not measured) and a latency of 0 both mean: nothing speaks against it.
  const swiftness = latencyMs > baselineMs ? baselineMs / latencyMs : 1;
  const headroom = saturation > 0.7 ? Math.max(0.1, 1 - (saturation - 0.7) * (0.9 / 0.5)) : 1;
  return Math.max(FLOOR, successRatio * successRatio * successRatio * swiftness * headroom);
}

/** The same in words for an operator. */
export function describeHealth(member: Member): string {
  const parts = [`score ${healthScore(member).toFixed(2)}`, `${(member.successRatio * 100).toFixed(1)} % succeed`];
  if (!Number.isNaN(member.latencyMs)) {
    parts.push(`${member.latencyMs.toFixed(1)} ms (usually ${member.baselineMs.toFixed(1)})`);
  }
  if (member.saturation > 0) parts.push(`at ${(member.saturation * 100).toFixed(0)} % of capacity`);
  return parts.join(", ");
}
