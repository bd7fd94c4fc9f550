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
import type { Priority } from "../config/priorities.ts";
import { PRIORITIES } from "../config/priority-levels.ts";

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

/** How requests divide among the levels, as parts of all, in the order of `PRIORITIES`. */
export type LevelMix = readonly number[];

/** Halvings of the search below: to a millionth of what is asked for. */
const HALVINGS = 20;

/**
 * The load there will be once this rule has turned away what it turns away at that load.
 *
 * Measured load comes seconds late. Who sheds by what is left after shedding sees room where there is none, lets all in,
 * is overrun, turns all away, and so on. What is *asked for* does not move when something is turned away, so the load at
 * which asking and admitting are in balance is worked out from it: it is the only one, because the more load there is, the
 * less is let in.
 *
 * @param offered work asked for as a part of what the service can do when all is well, what is turned away included
 */
export function settledLoad(mix: LevelMix, offered: number, health: number): number {
  if (!(offered > 0)) return 0;
  let low = 0;
  let high = offered;
  for (let i = 0; i < HALVINGS; i++) {
    const load = (low + high) / 2;
    const admitted = PRIORITIES.reduce(
      (sum, level, at) => sum + offered * mix[at]! * admittedShare(level, { load, health }),
      0,
    );
    if (admitted > load) low = load;
    else high = load;
  }
  return high;
}

/** @param chance uniform in [0, 1) */
export function admitsLevel(level: Priority, pressure: Pressure, chance: number): boolean {
  return chance < admittedShare(level, pressure);
}

/** The more urgent of two levels. */
export function higher(a: Priority, b: Priority): Priority {
  return PRIORITIES.indexOf(a) <= PRIORITIES.indexOf(b) ? a : b;
}
