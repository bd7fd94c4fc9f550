/** When an alarm that rings is set again: never for the time it rings for. */

/** ms from the ringing to the next. */
const GAP_MS = 5;

/**
 * The time to set an alarm for, from within `alarm()` or not. An alarm may ring a moment early, and find nothing due yet. Set again for the same
 * time, it would pass for unchanged, and be gone once the handler returns (workerd, `ActorSqlite::setAlarm`).
 *
 * @param wantedMs ms since the epoch; Infinity: never
 */
export function nextAlarmMs(wantedMs: number, nowMs: number): number {
  return Math.max(Math.ceil(wantedMs) + 1, nowMs + GAP_MS);
}
