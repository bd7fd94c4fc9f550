/** The `RateLimiter` Durable Object: the book of one key of one limit, kept where every isolate asks. */
import { DurableObject } from "cloudflare:workers";
import { Ledger, type SavedLedger } from "../src/rate-limit/ledger.ts";
import type {
  LimiterForApi,
  LimiterForIsolates,
  SliceReturn,
  TakeAnswer,
  TakeRequest,
} from "../src/rate-limit/messages.ts";

const KEY = "ledger";

/** What need not be stored before an answer is stored once nobody has asked for so long. */
const QUIET_MS = 1_000;

/** An idle key is looked for at most this often: each alarm costs a row. */
const LOOK_AGAIN_MS = 60_000;

/**
 * Loads the book, applies a rule, stores. Calls of the class itself are synchronous, so each is atomic; what a `put` holds
 * is durable before the answer leaves (output gate).
 */
export class RateLimiter extends DurableObject<unknown> implements LimiterForIsolates, LimiterForApi {
  #ledger: Ledger | null;
  /** A stored book always has an alarm ahead: the one that deletes it. */
  #stored: boolean;
  #changedAtMs = 0;
  #settling = false;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    const saved = state.storage.kv.get<SavedLedger>(KEY);
    this.#ledger = saved === undefined ? null : Ledger.restore(saved, Date.now());
    this.#stored = saved !== undefined;
  }

  take(request: TakeRequest): Promise<TakeAnswer> {
    this.#ledger ??= Ledger.create(request.rule);
    const { answer, store } = this.#ledger.take(request, Date.now());
    if (store !== null) this.#store(store);
    else this.#settleWhenQuiet();
    return Promise.resolve(answer);
  }

  giveBack(done: readonly SliceReturn[], refunds: readonly string[]): Promise<void> {
    this.#ledger?.giveBack(done, refunds, Date.now());
    this.#settleWhenQuiet();
    return Promise.resolve();
  }

  /**
   * An operator forgives the key what it has used. Isolates remember refusals: tell them with an override of the kind
   * `limit-reset` (agreement/override.ts) once this has been answered.
   */
  reset(): Promise<void> {
    if (this.#ledger !== null) this.#store(this.#ledger.reset(Date.now()));
    return Promise.resolve();
  }

  /** Deletes a key that says nothing any more: a million dead keys cost no storage. */
  override async alarm(): Promise<void> {
    const idleInMs = this.#ledger?.idleInMs(Date.now()) ?? 0;
    if (idleInMs > 0) return this.#lookAgain(idleInMs);
    this.#ledger = null;
    this.#stored = false;
    await this.ctx.storage.deleteAll();
  }

  #store(saved: SavedLedger): void {
    this.ctx.storage.kv.put(KEY, saved);
    if (this.#stored) return;
    this.#stored = true;
    this.ctx.waitUntil(this.#lookAgain(this.#ledger?.idleInMs(Date.now()) ?? 0));
  }

  async #lookAgain(idleInMs: number): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + Math.max(LOOK_AGAIN_MS, Math.ceil(idleInMs)));
  }

  /** Stores what was held back. Lost with the object before that, it costs admission and never protection. */
  #settleWhenQuiet(): void {
    this.#changedAtMs = Date.now();
    if (this.#settling) return;
    this.#settling = true;
    const settle = () => {
      const quietInMs = this.#changedAtMs + QUIET_MS - Date.now();
      if (quietInMs > 0) return void setTimeout(settle, quietInMs);
      this.#settling = false;
      const saved = this.#ledger?.settle() ?? null;
      if (saved !== null) this.#store(saved);
    };
    setTimeout(settle, QUIET_MS);
  }
}
