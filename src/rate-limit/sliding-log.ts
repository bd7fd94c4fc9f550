/**
 * `sliding-log`: exactly the limit in any window, from the time of every unit.
 *
 * A unit used at t counts while now - t < window. Units of one millisecond share an entry; memory grows with the limit,
 * which the configuration therefore caps.
 */
import type { Meter, Rule, SavedMeter } from "./meter.ts";

/** Expired entries are cut off when they are this many and outnumber the others. */
const COMPACT_AT = 512;

export class SlidingLog implements Meter {
  /** Times in order, and the units of each; entries before `#head` have left the window. */
  #times: number[] = [];
  #units: number[] = [];
  #head = 0;
  #total = 0;

  constructor(saved: SavedMeter = []) {
    for (let i = 0; i + 1 < saved.length; i += 2) this.#add(saved[i]!, saved[i + 1]!);
  }

  available(rule: Rule, nowMs: number): number {
    this.#expire(rule, nowMs);
    return Math.max(0, Math.floor(rule.limit - this.#total));
  }

  charge(rule: Rule, units: number, nowMs: number, untilMs: number): void {
    this.#expire(rule, nowMs);
    this.#add(untilMs, units);
  }

  finish(rule: Rule, units: number, unspent: number, nowMs: number, untilMs: number): void {
    this.refund(rule, units, nowMs, untilMs);
    if (units > unspent) this.#add(Math.min(nowMs, untilMs), units - unspent);
    this.#expire(rule, nowMs);
  }

  refund(rule: Rule, units: number, nowMs: number, chargedAtMs: number): void {
    this.#expire(rule, nowMs);
    for (let i = this.#times.length - 1; i >= this.#head && this.#times[i]! >= chargedAtMs; i--) {
      if (this.#times[i] !== chargedAtMs) continue;
      this.#units[i]! -= units;
      this.#total -= units;
      return;
    }
  }

  waitMs(rule: Rule, units: number, nowMs: number): number {
    this.#expire(rule, nowMs);
    if (units > rule.limit) return Infinity;
    let missing = this.#total + units - rule.limit;
    for (let i = this.#head; missing > 0; i++) {
      missing -= this.#units[i]!;
      if (missing <= 0) return this.#times[i]! + rule.windowMs - nowMs;
    }
    return 0;
  }

  idleAtMs(rule: Rule, nowMs: number): number {
    this.#expire(rule, nowMs);
    return this.#head < this.#times.length ? this.#times.at(-1)! + rule.windowMs : nowMs;
  }

  save(): SavedMeter {
    return this.#times.slice(this.#head).flatMap((time, i) => [time, this.#units[this.#head + i]!]);
  }

  /** Keeps the order: only the ends of slices that are out lie behind a new entry, and those are few. */
  #add(atMs: number, units: number): void {
    let i = this.#times.length;
    while (i > this.#head && this.#times[i - 1]! > atMs) i--;
    if (i > this.#head && this.#times[i - 1] === atMs) this.#units[i - 1]! += units;
    else if (i === this.#times.length) {
      this.#times.push(atMs);
      this.#units.push(units);
    } else {
      this.#times.splice(i, 0, atMs);
      this.#units.splice(i, 0, units);
    }
    this.#total += units;
  }

  #expire(rule: Rule, nowMs: number): void {
    while (this.#head < this.#times.length && this.#times[this.#head]! + rule.windowMs <= nowMs)
      this.#total -= this.#units[this.#head++]!;
    if (this.#head < COMPACT_AT || this.#head * 2 < this.#times.length) return;
    this.#times = this.#times.slice(this.#head);
    this.#units = this.#units.slice(this.#head);
    this.#head = 0;
  }
}
