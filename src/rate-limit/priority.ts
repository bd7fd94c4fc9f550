/**
 * Who is turned away when a service nears its capacity, or its origins sicken.
 *
 * pressure = load / health: half of the origins gone means that the load weighs double. Each level is let in whole up to a
 * pressure of its own, less and less from there, and not at all from where the next level begins to be; so the share of
 * the capacity above that point is kept for higher levels. `critical` is never turned away by this rule.
 *
 * | level      | all are let in up to | none from |
 * |------------|----------------------|-----------|
 * | background | 0.60                 | 0.75      |
 * | low        | 0.75                 | 0.85      |
 * | normal     | 0.85                 | 0.95      |
 * | high       | 0.95                 | 1.10      |
 */
import { PRIORITIES, type Priority } from "../config/priorities.ts";

const BANDS: Readonly<Record<Priority, readonly [allUpTo: number, noneFrom: number]>> = {
  background: [0.6, 0.75],
  low: [0.75, 0.85],
  normal: [0.85, 0.95],
  high: [0.95, 1.1],
  critical: [Infinity, Infinity],
};

/** What presses on a service. */
export interface Pressure {
  /** Work under way as a part of what the service can do when all is well; 0 and up. */
  readonly load: number;
  /** The part of the service that is fit for work, in [0, 1]. */
  readonly health: number;
}

/**
 * The share of a level's requests to let in, in [0, 1].
 *
 * A service without load turns nobody away, however sick: there is nothing to keep a share of.
 */
export function admittedShare(level: Priority, { load, health }: Pressure): number {
  const [allUpTo, noneFrom] = BANDS[level];
  if (!(load > 0) || allUpTo === Infinity) return 1;
  const pressure = load / Math.max(0, Math.min(1, health));
  if (pressure <= allUpTo) return 1;
  return pressure >= noneFrom ? 0 : (noneFrom - pressure) / (noneFrom - allUpTo);
}

/** @param chance uniform in [0, 1) */
export function admitsLevel(level: Priority, pressure: Pressure, chance: number): boolean {
  return chance < admittedShare(level, pressure);
}

/** The more urgent of two levels. */
export function higher(a: Priority, b: Priority): Priority {
  return PRIORITIES.indexOf(a) <= PRIORITIES.indexOf(b) ? a : b;
}
