/** How a limit follows its origins: down while they degrade, up again as they recover, in small steps. */

/** The scale falls at most this much a second, and rises a quarter as fast: what recovers is not to be knocked over again. */
const FALL_PER_SECOND = 0.1;
const RISE_PER_SECOND = FALL_PER_SECOND / 4;

/** A limit changes by this step at the least, so that it is not another number for every request. */
const STEP = 0.01;

export interface Scale {
  /** Part of the configured limit, in [floor, 1]. */
  readonly value: number;
  readonly atMs: number;
}

export const FULL_SCALE: Scale = { value: 1, atMs: 0 };

/**
 * The next scale.
 *
 * @param signal where the scale should go: 1 all is well, 0 nothing works; anything that is no number counts as 1
 * @param floor  lowest scale, in (0, 1]
 */
export function nextScale(scale: Scale, signal: number, floor: number, nowMs: number): Scale {
  if (scale.atMs === 0 || nowMs < scale.atMs) return { value: scale.value, atMs: nowMs };
  const target = Number.isFinite(signal) ? Math.max(floor, Math.min(1, signal)) : 1;
  const seconds = (nowMs - scale.atMs) / 1_000;
  const distance = Math.abs(target - scale.value);
  if (distance < STEP) return { value: target, atMs: nowMs };
  const perSecond = target < scale.value ? FALL_PER_SECOND : RISE_PER_SECOND;
  const moved = Math.min(perSecond * Math.min(seconds, 1), distance);
  // Time too short for a step is not lost: the scale keeps its date until it moves.
  if (moved < STEP) return scale;
  return { value: target < scale.value ? scale.value - moved : scale.value + moved, atMs: nowMs };
}

/** What `latency` says: how much of its usual speed an origin still has, in (0, 1]. */
export function latencySignal(usualMs: number, latencyMs: number): number {
  return usualMs > 0 && latencyMs > usualMs ? usualMs / latencyMs : 1;
}

/** What is usual follows what is for minutes up, and for seconds down. */
const RISES_IN_MS = 600_000;
const FALLS_IN_MS = 10_000;

/** The usual latency after some time at the present one; a first measurement is usual at once. */
export function nextUsualMs(usualMs: number, latencyMs: number, elapsedMs: number): number {
  if (!(latencyMs > 0)) return usualMs;
  if (!(usualMs > 0)) return latencyMs;
  const part = 1 - Math.exp(-Math.max(0, elapsedMs) / (latencyMs > usualMs ? RISES_IN_MS : FALLS_IN_MS));
  return usualMs + (latencyMs - usualMs) * part;
}
