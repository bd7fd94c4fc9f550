/** When an alarm that rings is set again: never for the time it rings for. */

/** ms from the ringing to the next. */
const GAP_MS = 5;

/** The clock by which alarms ring is believed to be this far ahead of ours at most, ms. */
const MOST_AHEAD_MS = 1_000;

/**
 * The time to set an alarm for, from within `alarm()` or not. An alarm may ring early by the object's clock, and find
 * nothing due yet. Set again for the same time, it would pass for unchanged, and be gone once the handler returns
 * (workerd, `ActorSqlite::setAlarm`).
 *
 * @param wantedMs  ms since the epoch; Infinity: never
 * @param rangForMs the time for which the alarm rang last, ms since the epoch; -Infinity: it has not
 */
export function nextAlarmMs(wantedMs: number, nowMs: number, rangForMs = -Infinity): number {
  const aheadMs = Math.min(MOST_AHEAD_MS, Math.max(0, rangForMs - nowMs));
  const atMs = Math.max(Math.ceil(wantedMs) + 1, nowMs + GAP_MS) + aheadMs;
  return atMs === rangForMs ? atMs + GAP_MS : atMs;
}
