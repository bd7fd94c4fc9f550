/** The isolate's side of a permit: one use, in time, by a clock that may be set back. */
import type { Grant } from "./permits.ts";

export interface HeldPermit extends Grant {
  /** When it was asked for, by this isolate's clock. */
  readonly askedMs: number;
  used: boolean;
}

/** Takes an answer in. It may come late: what is too late already is worth nothing. */
export function holdPermit(grant: Grant, askedMs: number, nowMs: number): HeldPermit | null {
  const held: HeldPermit = { ...grant, askedMs, used: false };
  return isUsable(held, nowMs) ? held : null;
}

/** Whether a trial may begin now. A clock below the time of asking was set back: how much time passed is not known. */
function isUsable(permit: HeldPermit, nowMs: number): boolean {
  return !permit.used && nowMs >= permit.askedMs && nowMs < permit.askedMs + permit.useWithinMs;
}

/** Begins a trial with it, once. @returns whether it may begin */
export function usePermit(permit: HeldPermit, nowMs: number): boolean {
  if (!isUsable(permit, nowMs)) return false;
  permit.used = true;
  return true;
}
