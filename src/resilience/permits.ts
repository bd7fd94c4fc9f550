/**
 * Who may try a half-open origin: at most N requests on the planet, counted in slots.
 *
 * A permit handed out may be used, lost, late or handed over twice; nobody can tell from outside. So its slot is free
 * only when its outcome has come, or when no holder can still be in flight: after the time in which it may be used plus
 * the hard deadline of the attempt. (Free at the first of the two would put 19 requests in flight where 3 may be.)
 *
 * That time is counted in the owner's own observations, none of which counts for more than `MAX_GAP_MS`: a clock set
 * ahead, which looks like time gone by, frees nothing early as long as it is set no more than once in a slot's life.
 */
import type { Region } from "../config/region.ts";

/** A permit must be used within this time of being asked for, ms. */
export const PERMIT_USE_MS = 3_000;

/** The longest time between two observations that is believed, ms. */
const MAX_GAP_MS = 5_000;

/** How late an isolate's timer may be when it gives a permit up, ms. */
const TIMER_SLACK_MS = 1_000;

interface Slot {
  readonly id: string;
  /** Where the permit went. */
  readonly region: Region;
  /** The half-open state it tries: outcomes of an earlier one say nothing about this one. */
  readonly episodeMs: number;
  /** Time counted since the grant, ms. */
  readonly ageMs: number;
  /** When it is free without an outcome, in the same count. */
  readonly freeAtMs: number;
}

export interface PermitSlots {
  readonly slots: readonly Slot[];
  /** The last observation, ms since the epoch. */
  readonly seenMs: number;
}

export interface Grant {
  readonly id: string;
  /** The trial must begin within this time of the moment the permit was *asked for*, ms. */
  readonly useWithinMs: number;
  /** It must have ended this long after its begin, ms. */
  readonly deadlineMs: number;
}

export const NO_PERMITS: PermitSlots = { slots: [], seenMs: 0 };

/** Counts the time since the last observation and frees the slots of permits that nobody can be using any more. */
export function agePermits(permits: PermitSlots, nowMs: number): PermitSlots {
  if (permits.slots.length === 0) return { slots: [], seenMs: nowMs };
  const passedMs = Math.min(MAX_GAP_MS, Math.max(0, nowMs - permits.seenMs));
  const slots = permits.slots
    .map((slot) => ({ ...slot, ageMs: slot.ageMs + passedMs }))
    .filter((slot) => slot.ageMs < slot.freeAtMs);
  return { slots, seenMs: nowMs };
}

/**
 * Grants a permit if a slot is free. The caller stores the slots before it hands the permit out.
 *
 * @param limit     trials allowed in flight worldwide
 * @param attemptMs hard deadline of the attempt, ms
 */
export function grantPermit(
  permits: PermitSlots,
  limit: number,
  { id, region, episodeMs, attemptMs }: { id: string; region: Region; episodeMs: number; attemptMs: number },
  nowMs: number,
): { permits: PermitSlots; grant: Grant | null } {
  const aged = agePermits(permits, nowMs);
  if (aged.slots.length >= limit) return { permits: aged, grant: null };
  const freeAtMs = heldMs(attemptMs);
  return {
    permits: { ...aged, slots: [...aged.slots, { id, region, episodeMs, ageMs: 0, freeAtMs }] },
    grant: { id, useWithinMs: PERMIT_USE_MS, deadlineMs: attemptMs },
  };
}

/**
 * How long a slot is held without an outcome, ms of counted time: while the permit may be used, while the attempt may
 * run, and what one step of the owner's clock and a late timer may take off that.
 */
export function heldMs(attemptMs: number): number {
  return PERMIT_USE_MS + attemptMs + MAX_GAP_MS + TIMER_SLACK_MS;
}

/** Frees the slot of a permit whose outcome has come. `slot` is null when it was free already: late, or told twice. */
export function settlePermit(
  permits: PermitSlots,
  id: string,
  nowMs: number,
): { permits: PermitSlots; slot: Slot | null } {
  const aged = agePermits(permits, nowMs);
  const slot = aged.slots.find((slot) => slot.id === id) ?? null;
  return { permits: { ...aged, slots: aged.slots.filter((other) => other !== slot) }, slot };
}
