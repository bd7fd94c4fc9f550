/**
 * `concurrency`: at most the limit in flight at once.
 *
 * A place is charged when a request starts and finished when it ends, or when the window is over without a word of it.
 */
import type { Meter, Rule, SavedMeter } from "./meter.ts";

/** Nobody knows when a place comes free; asking again sooner than this is not worth a call. */
const ASK_AGAIN_MS = 100;

export class Concurrency implements Meter {
  #taken: number;

  constructor(saved: SavedMeter = []) {
    this.#taken = saved[0] ?? 0;
  }

  available(rule: Rule): number {
    return Math.max(0, Math.floor(rule.limit - this.#taken));
  }

  charge(_rule: Rule, units: number): void {
    this.#taken += units;
  }

  finish(_rule: Rule, units: number): void {
    this.#taken = Math.max(0, this.#taken - units);
  }

  refund(rule: Rule, units: number): void {
    this.finish(rule, units);
  }

  waitMs(rule: Rule, units: number): number {
    if (units > rule.limit) return Infinity;
    return this.available(rule) >= units ? 0 : ASK_AGAIN_MS;
  }

  idleAtMs(_rule: Rule, nowMs: number): number {
    return nowMs;
  }

  save(): SavedMeter {
    return [this.#taken];
  }
}
