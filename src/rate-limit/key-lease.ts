/** What one isolate holds of one key: slices it may spend, a refusal it remembers, and how much it could use. */
import type { IsolateClock } from "./isolate-clock.ts";
import type { SliceReturn, TakeAnswer } from "./messages.ts";

/** A slice is left alone this part of its lease early, and no more than this, so that a return arrives while it counts. */
const MARGIN = 0.1;
const LONGEST_MARGIN_MS = 250;

/** The next slice is fetched this long before the last one ends, or a quarter of its lease if that is less. */
const LEAD_MS = 150;

/** Demand is averaged over about so many ms. */
const MEMORY_MS = 5_000;

/** Over less than this a rate means nothing. */
const SHORTEST_SPAN_MS = 250;

/** More returns than this in one call are not worth carrying: their leases run out. */
const MOST_RETURNS = 32;

/** A slice in this isolate's hands. */
export interface Held {
  readonly id: string;
  readonly fromMs: number;
  readonly untilMs: number;
  left: number;
}

/** Times are the isolate's; a step back of its clock ends every lease and forgets every refusal. */
export class KeyLease {
  #held: Held[] = [];
  #epoch = 0;
  #done: SliceReturn[] = [];
  /** Units of the last grant, and how long it could be spent. */
  #granted = 0;
  #leaseMs = 0;
  #blockedUntilMs = 0;
  #blockedUnits = Infinity;
  #demand = 0;
  #firstSeenMs = -1;
  #seenMs = 0;
  /** Units left for anyone, as the limiter last said; what this isolate holds comes on top. */
  #remaining = 0;
  #resetAtMs = 0;

  /** Counts a request towards the demand, whatever becomes of it. */
  want(units: number, clock: IsolateClock): void {
    if (this.#firstSeenMs < 0) this.#firstSeenMs = clock.nowMs;
    this.#demand = units + this.#demand * Math.exp(Math.min(0, this.#seenMs - clock.nowMs) / MEMORY_MS);
    this.#seenMs = clock.nowMs;
  }

  /**
   * Takes `units` from a slice that runs.
   *
   * @returns the slice, for `unspend`; "blocked" while a refusal is remembered; "empty" when the limiter must be asked.
   */
  spend(units: number, clock: IsolateClock): Held | "blocked" | "empty" {
    this.#expire(clock);
    for (const slice of this.#held) {
      if (slice.fromMs > clock.nowMs || slice.left < units) continue;
      slice.left -= units;
      return slice;
    }
    return this.#remembersRefusalOf(units, clock) ? "blocked" : "empty";
  }

  /** Whether `spend` would say "blocked"; counts nothing. */
  isBlocked(units: number, clock: IsolateClock): boolean {
    this.#expire(clock);
    if (!this.#remembersRefusalOf(units, clock)) return false;
    return !this.#held.some((slice) => slice.fromMs <= clock.nowMs && slice.left >= units);
  }

  /** The request was turned away by another limit: its units go back to their own slice, or nowhere if that is over. */
  unspend(units: number, slice: Held, clock: IsolateClock): void {
    this.#expire(clock);
    if (this.#held.includes(slice)) slice.left += units;
  }

  /** Whether the next slice should be fetched now, while there is still something to spend. */
  runsLow(clock: IsolateClock): boolean {
    if (this.#granted < 4 || clock.nowMs < this.#blockedUntilMs || this.perSecond(clock) === 0) return false;
    return this.heldForMs(clock) < Math.min(LEAD_MS, this.#leaseMs / 4) || this.#left() * 4 < this.#granted;
  }

  /** Units a second this isolate could spend; 0 for a key that came only once. */
  perSecond(clock: IsolateClock): number {
    const spanMs = Math.max(SHORTEST_SPAN_MS, clock.nowMs - this.#firstSeenMs);
    const seen = this.#demand * Math.exp((this.#seenMs - clock.nowMs) / MEMORY_MS) - 1;
    return Math.max(0, (seen * 1_000) / (MEMORY_MS * (1 - Math.exp(-spanMs / MEMORY_MS))));
  }

  /**
   * Takes in what the limiter answered.
   *
   * @param sentAtMs when the call was sent: leases count from there, whenever the answer came
   * @param sentIn   the clock's epoch then; a step back since means that nothing of the answer may be spent
   */
  receive(answer: TakeAnswer, units: number, sentAtMs: number, sentIn: number, clock: IsolateClock): void {
    this.#expire(clock);
    this.#remaining = answer.remaining;
    this.#resetAtMs = clock.nowMs + answer.resetMs;
    if (!answer.granted) {
      this.#blockedUntilMs = clock.nowMs + answer.retryMs;
      this.#blockedUnits = units;
      return;
    }
    this.#blockedUnits = Infinity;
    this.#granted = 0;
    for (const { id, units, fromMs, untilMs } of answer.slices) {
      this.#granted += units;
      const marginMs = Math.min((untilMs - fromMs) * MARGIN, LONGEST_MARGIN_MS);
      this.#leaseMs = untilMs;
      // Begun a margin early too, or a run would have gaps: a slice is charged from its grant on.
      const startMs = sentAtMs + Math.max(0, fromMs - marginMs);
      const held = { id, left: units, fromMs: startMs, untilMs: sentAtMs + untilMs - marginMs };
      if (sentIn === clock.epoch && clock.nowMs < held.untilMs) this.#held.push(held);
      else this.#giveUp(id, units);
    }
  }

  /** Slices that are over, to be told to the limiter; each is handed out once. */
  takeDone(clock: IsolateClock): readonly SliceReturn[] {
    this.#expire(clock);
    for (const slice of this.#held) if (slice.left === 0) this.#giveUp(slice.id, 0);
    this.#held = this.#held.filter((slice) => slice.left > 0);
    const done = this.#done;
    this.#done = [];
    return done;
  }

  /** Whether something unspent waits to be given back, or will when the leases held now are over. */
  owes(): boolean {
    return this.#left() > 0 || this.#done.some(({ unspent }) => unspent > 0);
  }

  /** ms until the last lease held ends; 0 when none is. */
  heldForMs(clock: IsolateClock): number {
    let lastEndMs = clock.nowMs;
    for (const slice of this.#held) lastEndMs = Math.max(lastEndMs, slice.untilMs);
    return lastEndMs - clock.nowMs;
  }

  /** Forgets a refusal: a place has come free here, or an operator reset the key. */
  unblock(): void {
    this.#blockedUnits = Infinity;
  }

  /** ms for which a refusal is remembered; 0 when none is. */
  blockedMs(clock: IsolateClock): number {
    return this.#blockedUnits === Infinity ? 0 : Math.max(0, this.#blockedUntilMs - clock.nowMs);
  }

  /** Units left, as far as this isolate knows: its own and the limiter's. */
  remaining(clock: IsolateClock): number {
    let remaining = this.#remaining;
    for (const slice of this.#held) if (slice.fromMs <= clock.nowMs) remaining += slice.left;
    return remaining;
  }

  /** ms until there are more. */
  resetMs(clock: IsolateClock): number {
    return Math.max(0, this.#resetAtMs - clock.nowMs);
  }

  #remembersRefusalOf(units: number, clock: IsolateClock): boolean {
    return units >= this.#blockedUnits && clock.nowMs < this.#blockedUntilMs;
  }

  #left(): number {
    let left = 0;
    for (const slice of this.#held) left += slice.left;
    return left;
  }

  #expire(clock: IsolateClock): void {
    if (this.#epoch !== clock.epoch) {
      this.#epoch = clock.epoch;
      for (const slice of this.#held) this.#giveUp(slice.id, slice.left);
      this.#held = [];
      this.#blockedUntilMs = 0;
      this.#firstSeenMs = this.#seenMs = clock.nowMs;
    }
    for (let i = this.#held.length - 1; i >= 0; i--) {
      const slice = this.#held[i]!;
      if (slice.untilMs > clock.nowMs) continue;
      this.#held.splice(i, 1);
      this.#giveUp(slice.id, slice.left);
    }
  }

  #giveUp(id: string, unspent: number): void {
    this.#done.push({ id, unspent });
    if (this.#done.length > MOST_RETURNS) this.#done.shift();
  }
}
