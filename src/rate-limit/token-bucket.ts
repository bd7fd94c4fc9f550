/**
 * `token-bucket`: at most burst + rate x T units in any time T, rate = limit / window.
 *
 * Tokens that are lent out as slices may still be spent at any time, so refill stops at burst - lent: then tokens + lent
 * never exceed burst, and the promise holds from whatever moment it is counted.
 */
import type { Meter, Rule, SavedMeter } from "./meter.ts";

/** Refilling adds fractions; a unit that lacks less than this to be whole is whole. */
const ROUNDING = 1e-9;

export class TokenBucket implements Meter {
  /** null until the first call says how many the burst is. */
  #tokens: number | null;
  #lent: number;
  #atMs: number;

  constructor(saved: SavedMeter = []) {
    this.#tokens = saved[0] ?? null;
    this.#lent = saved[1] ?? 0;
    this.#atMs = saved[2] ?? 0;
  }

  available(rule: Rule, nowMs: number): number {
    return Math.max(0, Math.floor(this.#refill(rule, nowMs) + ROUNDING));
  }

  charge(rule: Rule, units: number, nowMs: number, untilMs: number): void {
    this.#tokens = this.#refill(rule, nowMs) - units;
    if (untilMs > nowMs) this.#lent += units;
  }

  finish(rule: Rule, units: number, unspent: number, nowMs: number): void {
    this.#refill(rule, nowMs);
    this.#lent = Math.max(0, this.#lent - units);
    this.#tokens! += unspent;
  }

  refund(rule: Rule, units: number, nowMs: number): void {
    this.#tokens = Math.min(this.#refill(rule, nowMs) + units, rule.burst - this.#lent);
  }

  waitMs(rule: Rule, units: number, nowMs: number): number {
    if (units > rule.burst) return Infinity;
    const missing = units - ROUNDING - this.#refill(rule, nowMs);
    return missing <= 0 ? 0 : Math.ceil((missing * rule.windowMs) / rule.limit);
  }

  idleAtMs(rule: Rule, nowMs: number): number {
    return nowMs + Math.max(0, ((rule.burst - this.#refill(rule, nowMs)) * rule.windowMs) / rule.limit);
  }

  save(): SavedMeter {
    return this.#tokens === null ? [] : [this.#tokens, this.#lent, this.#atMs];
  }

  #refill(rule: Rule, nowMs: number): number {
    const room = rule.burst - this.#lent;
    const tokens = this.#tokens ?? room;
    const gained = (Math.max(0, nowMs - this.#atMs) * rule.limit) / rule.windowMs;
    this.#atMs = Math.max(nowMs, this.#atMs);
    this.#tokens = Math.min(tokens + gained, room);
    return this.#tokens;
  }
}
