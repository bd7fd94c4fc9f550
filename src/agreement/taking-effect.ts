/**
 * How a change of topology takes effect: at once, in steps, or when an operator says so.
 *
 * The change itself says from what and since when, so that whoever looks works out by the clock how far it has got: no
 * timer and no call moves it on, and an isolate that has just started sees what all others see.
 */
import type { RebalanceConfig } from "../config/rebalance.ts";
import type { Administrative } from "../steering/origin-state.ts";

/** What a change carries that does not take effect at once. */
export interface Taking {
  /** When its first step was taken, ms since the epoch; null: it waits to be applied. */
  readonly sinceMs: number | null;
  /** What was in force before: a weight, or the share of its requests that the origin took, in [0, 1]. */
  readonly from: number;
  /** What the operator had wanted of the origin before. */
  readonly before: Administrative;
  /** In (0, 100]. */
  readonly stepPercent: number;
  readonly stepSeconds: number;
}

/** How far it has got, in [0, 1]; 0 while it waits. */
export function progressOf(taking: Taking, nowMs: number): number {
  return taking.sinceMs === null ? 0 : Math.min(100, stepsBy(taking, nowMs) * taking.stepPercent) / 100;
}

/** What is in force now. */
export function valueAt(taking: Taking, to: number, nowMs: number): number {
  const progress = progressOf(taking, nowMs);
  return progress === 1 ? to : taking.from + (to - taking.from) * progress;
}

/** When it takes its next step, ms since the epoch; Infinity: it waits, or has arrived. */
export function nextStepMs(taking: Taking | undefined, nowMs: number): number {
  if (taking === undefined || taking.sinceMs === null || progressOf(taking, nowMs) === 1) return Infinity;
  return taking.sinceMs + stepsBy(taking, nowMs) * taking.stepSeconds * 1000;
}

/** From its first step to its last, ms. */
export function durationMs({ stepPercent, stepSeconds }: Pick<Taking, "stepPercent" | "stepSeconds">): number {
  return (Math.ceil(100 / stepPercent) - 1) * stepSeconds * 1000;
}

/** Steps taken; the first at once, also by a clock that is behind. */
function stepsBy({ sinceMs, stepSeconds }: Taking, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - (sinceMs ?? nowMs)) / (stepSeconds * 1000))) + 1;
}

/** What an operator's word on an origin comes to. */
export interface Standing {
  readonly state: Administrative;
  /** The share of its requests that an enabled origin takes, in (0, 1]. */
  readonly share: number;
}

/** What is in force now of what an operator wants of an origin. */
export function standingAt(state: Administrative, taking: Taking | undefined, nowMs: number): Standing {
  if (taking === undefined || state === "disabled") return { state, share: 1 };
  const share = valueAt(taking, state === "enabled" ? 1 : 0, nowMs);
  if (share > 0) return { state: "enabled", share };
  return { state: state === "enabled" ? taking.before : state, share: 1 };
}

/**
 * How a change from what is in force now takes effect; undefined: at once.
 *
 * @param config of the service
 * @param from   what is in force: a weight, or a share in [0, 1]
 * @param to     what is to be
 */
export function takingOf(
  { strategy, stepPercent, stepSeconds }: RebalanceConfig,
  { from, to, before }: { from: number; to: number; before: Administrative },
  nowMs: number,
): Taking | undefined {
  if (strategy === "immediate" || from === to) return undefined;
  return { sinceMs: strategy === "manual" ? null : nowMs, from, before, stepPercent, stepSeconds };
}
