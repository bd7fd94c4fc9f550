/**
 * `fixed-window`: at most the limit in each window [n x window, (n + 1) x window).
 *
 * Two windows' worth can meet at a boundary: that is this algorithm's promise, not a fault. Slices end with the window.
 */
import type { Meter, Rule, SavedMeter } from "./meter.ts";

export class FixedWindow implements Meter {
  #window: number;
  #used: number;

  constructor(saved: SavedMeter = []) {
    this.#window = saved[0] ?? 0;
    this.#used = saved[1] ?? 0;
  }

  available(rule: Rule, nowMs: number): number {
    this.#roll(rule, nowMs);
    return Math.max(0, Math.floor(rule.limit - this.#used));
  }

  charge(rule: Rule, units: number, nowMs: number): void {
    this.#roll(rule, nowMs);
    this.#used += units;
  }

  finish(rule: Rule, _units: number, unspent: number, nowMs: number, untilMs: number): void {
    // A slice ends with its window at the latest: one that is over later belongs to a window that is gone.
    if (nowMs < untilMs) this.refund(rule, unspent, nowMs, nowMs);
  }

  refund(rule: Rule, units: number, nowMs: number, chargedAtMs: number): void {
    this.#roll(rule, nowMs);
    if (windowOf(rule, chargedAtMs) === this.#window) this.#used = Math.max(0, this.#used - units);
  }

  waitMs(rule: Rule, units: number, nowMs: number): number {
    if (units > rule.limit) return Infinity;
    return this.available(rule, nowMs) >= units ? 0 : windowEndMs(rule, nowMs) - nowMs;
  }

  idleAtMs(rule: Rule, nowMs: number): number {
    this.#roll(rule, nowMs);
    return this.#used > 0 ? windowEndMs(rule, nowMs) : nowMs;
  }

  save(): SavedMeter {
    return [this.#window, this.#used];
  }

  #roll(rule: Rule, nowMs: number): void {
    const window = windowOf(rule, nowMs);
    if (window <= this.#window) return;
    this.#window = window;
    this.#used = 0;
  }
}

function windowOf(rule: Rule, atMs: number): number {
  return Math.floor(atMs / rule.windowMs);
}

/** When the window that holds `atMs` ends. */
export function windowEndMs(rule: Rule, atMs: number): number {
  return (windowOf(rule, atMs) + 1) * rule.windowMs;
}
