/** The limiter's book of one key: what was charged, which slices are out, and what must be stored before an answer. */
import { createMeter } from "./algorithms.ts";
import { writeAhead } from "./write-ahead.ts";
import type { SliceReturn, TakeAnswer, TakeRequest } from "./messages.ts";
import type { Meter, Rule, SavedMeter } from "./meter.ts";
import { planSlices, worthAsking, type Slice } from "./slice.ts";
import { SteadyClock } from "./steady-clock.ts";

/** Refunds come within a request's life; only so many of the latest `exact` takes are remembered. */
const REFUNDABLE = 1_000;

export interface SavedLedger {
  readonly rule: Rule;
  readonly meter: SavedMeter;
  readonly slices: readonly (readonly [id: string, units: number, untilMs: number])[];
  readonly nextSlice: number;
  readonly clock: readonly [latestWallMs: number, steadyMs: number];
  /** Units that may have been admitted after this was saved: charged when it is read back. */
  readonly ahead: number;
}

interface Out {
  readonly units: number;
  readonly untilMs: number;
}

/** Every method takes the wall clock; the ledger makes it steady. */
export class Ledger {
  #rule: Rule;
  #meter: Meter;
  readonly #clock: SteadyClock;
  /** Slices and places not yet over, by id. */
  readonly #out: Map<string, Out>;
  #earliestEndMs = Infinity;
  #nextSlice: number;
  readonly #refundable = new Map<string, { units: number; atMs: number }>();
  readonly #ahead = writeAhead();
  #unsaved = false;

  private constructor(rule: Rule, saved: SavedLedger | null) {
    this.#rule = rule;
    this.#meter = createMeter(rule.algorithm, saved?.meter);
    this.#clock = new SteadyClock(saved?.clock ?? null);
    this.#out = new Map(saved?.slices.map(([id, units, untilMs]) => [id, { units, untilMs }]));
    this.#nextSlice = saved?.nextSlice ?? 0;
    for (const { untilMs } of this.#out.values()) this.#earliestEndMs = Math.min(this.#earliestEndMs, untilMs);
  }

  /** The book of a key never seen. The algorithm and window of its rule never change; its limit may. */
  static create(rule: Rule): Ledger {
    return new Ledger(rule, null);
  }

  /** The book as it was stored; what may have been admitted since is charged as used now. */
  static restore(saved: SavedLedger, wallMs: number): Ledger {
    const ledger = new Ledger(saved.rule, saved);
    const nowMs = ledger.#advance(wallMs);
    if (saved.ahead > 0) ledger.#charge(saved.ahead, nowMs, ledger.#nextId());
    return ledger;
  }

  /**
   * Grants or refuses.
   *
   * @returns the answer, and what must be stored before it is given; null when nothing must.
   */
  take(request: TakeRequest, wallMs: number): { answer: TakeAnswer; store: SavedLedger | null } {
    this.#rule = request.rule;
    const nowMs = this.#advance(wallMs);
    this.#finish(request.done, nowMs);
    const available = this.#meter.available(this.#rule, nowMs);
    if (available < request.units) {
      const worthwhile = request.mode === "leased" ? worthAsking(this.#rule, request.units) : request.units;
      return { answer: this.#answer(nowMs, false, [], worthwhile), store: null };
    }
    if (request.mode === "leased") {
      const slices = this.#lend(request, available, nowMs);
      return { answer: this.#answer(nowMs, true, slices, 0), store: this.#save(0) };
    }
    this.#charge(request.units, nowMs, request.id);
    const ahead = this.#ahead.admit(request.units, this.#rule.limit, nowMs);
    const store = ahead === null ? null : this.#save(ahead);
    this.#unsaved ||= store === null;
    return { answer: this.#answer(nowMs, true, [], 0), store };
  }

  /** Takes back slices, places and refunds. What is not known, or is over, changes nothing. */
  giveBack(done: readonly SliceReturn[], refunds: readonly string[], wallMs: number): void {
    const nowMs = this.#advance(wallMs);
    this.#finish(done, nowMs);
    for (const id of refunds) {
      const taken = this.#refundable.get(id);
      if (taken === undefined) continue;
      this.#refundable.delete(id);
      this.#meter.refund(this.#rule, taken.units, nowMs, taken.atMs);
      this.#unsaved = true;
    }
  }

  /**
   * Forgets what was used. Slices that are out stay charged, because isolates may still spend them; places of
   * `concurrency` come free.
   *
   * @returns what must be stored before the answer
   */
  reset(wallMs: number): SavedLedger {
    const nowMs = this.#advance(wallMs);
    this.#meter = createMeter(this.#rule.algorithm);
    this.#refundable.clear();
    if (this.#rule.algorithm === "concurrency") this.#out.clear();
    for (const { units, untilMs } of this.#out.values()) this.#meter.charge(this.#rule, units, nowMs, untilMs);
    return this.#save(0);
  }

  /** What changed since it was last stored and need not have been; null when nothing did. For when it is quiet. */
  settle(): SavedLedger | null {
    return this.#unsaved ? this.#save(0) : null;
  }

  /** ms until this book says nothing that a new one would not; 0 when it does already. */
  idleInMs(wallMs: number): number {
    const nowMs = this.#advance(wallMs);
    let idleAtMs = this.#meter.idleAtMs(this.#rule, nowMs);
    for (const { untilMs } of this.#out.values()) idleAtMs = Math.max(idleAtMs, untilMs);
    return Math.max(0, idleAtMs - nowMs);
  }

  #advance(wallMs: number): number {
    const nowMs = this.#clock.read(wallMs);
    if (nowMs < this.#earliestEndMs) return nowMs;
    const over = [...this.#out]
      .filter(([, out]) => out.untilMs <= nowMs)
      .toSorted(([, a], [, b]) => a.untilMs - b.untilMs);
    for (const [id, out] of over) {
      this.#out.delete(id);
      this.#meter.finish(this.#rule, out.units, 0, out.untilMs, out.untilMs);
    }
    this.#earliestEndMs = Infinity;
    for (const { untilMs } of this.#out.values()) this.#earliestEndMs = Math.min(this.#earliestEndMs, untilMs);
    return nowMs;
  }

  #finish(done: readonly SliceReturn[], nowMs: number): void {
    for (const { id, unspent } of done) {
      const out = this.#out.get(id);
      if (out === undefined) continue;
      this.#out.delete(id);
      this.#meter.finish(this.#rule, out.units, Math.min(Math.max(0, unspent), out.units), nowMs, out.untilMs);
      this.#unsaved = true;
    }
  }

  /** A place of `concurrency` stays out until it is given back; any other unit is used now. */
  #charge(units: number, nowMs: number, id: string): void {
    if (this.#rule.algorithm === "concurrency") return this.#putOut(id, units, nowMs, nowMs + this.#rule.windowMs);
    this.#meter.charge(this.#rule, units, nowMs, nowMs);
    this.#refundable.set(id, { units, atMs: nowMs });
    if (this.#refundable.size <= REFUNDABLE) return;
    for (const oldest of this.#refundable.keys()) return void this.#refundable.delete(oldest);
  }

  #lend(request: TakeRequest, available: number, nowMs: number): Slice[] {
    return planSlices(this.#rule, request, available, nowMs).map((plan) => {
      const id = this.#nextId();
      this.#putOut(id, plan.units, nowMs, nowMs + plan.untilMs);
      return { id, ...plan };
    });
  }

  #putOut(id: string, units: number, nowMs: number, untilMs: number): void {
    this.#meter.charge(this.#rule, units, nowMs, untilMs);
    this.#out.set(id, { units, untilMs });
    this.#earliestEndMs = Math.min(this.#earliestEndMs, untilMs);
  }

  #nextId(): string {
    return String(this.#nextSlice++);
  }

  #answer(nowMs: number, granted: boolean, slices: readonly Slice[], needed: number): TakeAnswer {
    const remaining = this.#meter.available(this.#rule, nowMs);
    const retryMs = granted ? 0 : Math.min(this.#meter.waitMs(this.#rule, needed, nowMs), this.#rule.windowMs * 2);
    const resetMs = this.#meter.waitMs(this.#rule, remaining + 1, nowMs);
    return { granted, slices, remaining, retryMs, resetMs: Number.isFinite(resetMs) ? resetMs : 0 };
  }

  #save(ahead: number): SavedLedger {
    this.#unsaved = false;
    this.#ahead.saved(ahead, this.#clock.save()[1]);
    return {
      rule: this.#rule,
      meter: this.#meter.save(),
      slices: [...this.#out].map(([id, { units, untilMs }]) => [id, units, untilMs]),
      nextSlice: this.#nextSlice,
      clock: this.#clock.save(),
      ahead,
    };
  }
}
