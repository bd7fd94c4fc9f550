/**
 * `sliding-window`: never more than the limit in any window, from 64 counters.
 *
 * A unit used at t lies in the sub-bucket floor(t / width), width = window / 64. At any moment the sub-buckets that touch
 * the window just past are counted whole, the oldest too; so nothing that could lie in the window is missed, and a unit
 * comes back at most one sub-bucket (window / 64, 1.6 %) later than it could. Under endless demand 64/65 of the limit gets in.
 */
import type { Meter, Rule, SavedMeter } from "./meter.ts";

const SUB_BUCKETS = 64;

/** Slices may end up to one window ahead, so as many sub-buckets again lie in the future. */
const RING = SUB_BUCKETS + 1 + SUB_BUCKETS + 1;

export class SlidingWindow implements Meter {
  /** Index of the sub-bucket that was current at the last call; all live ones are in [at - 64, at + 65]. */
  #at = 0;
  #total = 0;
  readonly #counts: number[] = Array.from({ length: RING }, () => 0);

  constructor(saved: SavedMeter = []) {
    this.#at = saved[0] ?? 0;
    for (let i = 1; i + 1 < saved.length; i += 2) this.#add(saved[i]!, saved[i + 1]!);
  }

  available(rule: Rule, nowMs: number): number {
    this.#roll(rule, nowMs);
    const left = rule.limit - this.#total;
    return left > 0 ? Math.floor(left) : 0;
  }

  charge(rule: Rule, units: number, nowMs: number, untilMs: number): void {
    this.#roll(rule, nowMs);
    this.#add(this.#bucket(rule, untilMs), units);
  }

  finish(rule: Rule, units: number, unspent: number, nowMs: number, untilMs: number): void {
    this.#roll(rule, nowMs);
    const charged = this.#bucket(rule, untilMs);
    if (charged < this.#at) return this.refund(rule, unspent, nowMs, untilMs);
    this.#add(charged, -units);
    this.#add(this.#at, units - unspent);
  }

  refund(rule: Rule, units: number, nowMs: number, chargedAtMs: number): void {
    this.#roll(rule, nowMs);
    const charged = this.#bucket(rule, chargedAtMs);
    if (charged >= this.#at - SUB_BUCKETS) this.#add(charged, -units);
  }

  waitMs(rule: Rule, units: number, nowMs: number): number {
    this.#roll(rule, nowMs);
    if (units > rule.limit) return Infinity;
    let missing = this.#total + units - rule.limit;
    if (missing <= 0) return 0;
    let bucket = this.#at - SUB_BUCKETS;
    // The slot is counted along: a division for each of 64 steps would be most of what a refusal costs.
    for (let slot = slotOf(bucket); ; bucket++) {
      missing -= this.#counts[slot]!;
      if (missing <= 0) return leavesAtMs(rule, bucket) - nowMs;
      slot = slot + 1 === RING ? 0 : slot + 1;
    }
  }

  idleAtMs(rule: Rule, nowMs: number): number {
    this.#roll(rule, nowMs);
    for (let bucket = this.#at + SUB_BUCKETS + 1; bucket >= this.#at - SUB_BUCKETS; bucket--)
      if (this.#counts[slotOf(bucket)]! > 0) return leavesAtMs(rule, bucket);
    return nowMs;
  }

  save(): SavedMeter {
    const saved = [this.#at];
    for (let bucket = this.#at - SUB_BUCKETS; bucket <= this.#at + SUB_BUCKETS + 1; bucket++) {
      const count = this.#counts[slotOf(bucket)]!;
      if (count !== 0) saved.push(bucket, count);
    }
    return saved;
  }

  #bucket(rule: Rule, atMs: number): number {
    return Math.min(Math.floor((atMs * SUB_BUCKETS) / rule.windowMs), this.#at + SUB_BUCKETS + 1);
  }

  #add(bucket: number, units: number): void {
    this.#counts[slotOf(bucket)]! += units;
    this.#total += units;
  }

  #roll(rule: Rule, nowMs: number): void {
    const now = Math.floor((nowMs * SUB_BUCKETS) / rule.windowMs);
    if (now <= this.#at) return;
    const first = this.#at - SUB_BUCKETS;
    const steps = Math.min(now - this.#at, RING);
    for (let bucket = first; bucket < first + steps; bucket++) {
      const slot = slotOf(bucket);
      this.#total -= this.#counts[slot]!;
      this.#counts[slot] = 0;
    }
    this.#at = now;
  }
}

function slotOf(bucket: number): number {
  const slot = bucket % RING;
  return slot < 0 ? slot + RING : slot;
}

/** A unit used at the very end of its sub-bucket is out of every window from here on. */
function leavesAtMs(rule: Rule, bucket: number): number {
  return ((bucket + SUB_BUCKETS + 1) * rule.windowMs) / SUB_BUCKETS;
}
