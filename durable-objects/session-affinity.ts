/** The `SessionAffinity` Durable Object: where sessions are at home that no cookie carries, one shard of them in each. */
import { DurableObject } from "cloudflare:workers";
import { bind, move, type BindAsk, type Bound, type MoveAsk } from "../src/affinity/binding.ts";
import type {
  AffinityForApi,
  AffinityForIsolates,
  BindingAnswer,
  SessionFilter,
  SessionName,
  SessionRecord,
  SessionStatistics,
} from "../src/affinity/messages.ts";
import { SessionStore } from "./session-store.ts";

/** Sessions a shard keeps; the least recently seen are let go beyond. */
const CAPACITY = 50_000;

/** Sessions whose time is over are cleared away at most this often, ms: each alarm costs a row. */
const CLEAR_EVERY_MS = 600_000;

/** Calls are synchronous inside, so each is atomic: of several who bind one session at once the first wins. */
export class SessionAffinity extends DurableObject<unknown> implements AffinityForIsolates, AffinityForApi {
  readonly #store: SessionStore;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#store = new SessionStore(state.storage.sql, CAPACITY);
  }

  async bind(name: SessionName, ask: BindAsk): Promise<BindingAnswer> {
    const nowMs = Date.now();
    const before = this.#store.find(name.hash);
    const bound = bind(before?.binding ?? null, ask, nowMs);
    if (bound.changed) this.#store.put({ ...name, binding: bound.binding }, before === null, nowMs);
    if (bound.event === "created") {
      this.#store.tally("created");
      await this.#clearLater();
    }
    return answer(bound, ask.service, nowMs);
  }

  move(hash: string, ask: MoveAsk): Promise<BindingAnswer | null> {
    const nowMs = Date.now();
    const before = this.#store.find(hash);
    const moved = move(before?.binding ?? null, ask, nowMs);
    if (before === null || moved === null) return Promise.resolve(null);
    if (moved.changed) {
      this.#store.put({ ...before, binding: moved.binding }, false, nowMs);
      this.#store.tally("moved");
    }
    return Promise.resolve(answer(moved, ask.service, nowMs));
  }

  list(filter: SessionFilter, after: string, limit: number): Promise<SessionRecord[]> {
    return Promise.resolve(this.#store.list(filter, after, limit, Date.now()));
  }

  find(hash: string): Promise<SessionRecord | null> {
    const stored = this.#store.find(hash);
    return Promise.resolve(stored !== null && stored.binding.expiresMs > Date.now() ? stored : null);
  }

  revoke(hash: string, id: string): Promise<void> {
    if (this.#store.find(hash)?.binding.id === id) this.#store.delete(hash);
    this.#store.tally("revoked");
    return Promise.resolve();
  }

  revokeAll(filter: SessionFilter): Promise<number> {
    const revoked = this.#store.deleteAll(filter);
    this.#store.tally("revoked", revoked);
    return Promise.resolve(revoked);
  }

  statistics(): Promise<SessionStatistics> {
    return Promise.resolve({ active: this.#store.active(Date.now()), ...this.#store.tallies() });
  }

  override async alarm(): Promise<void> {
    this.#store.expire(Date.now());
    if (this.#store.count > 0) await this.#clearLater();
  }

  async #clearLater(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + CLEAR_EVERY_MS);
  }
}

function answer({ binding, event }: Bound, service: string, nowMs: number): BindingAnswer {
  const { id, epoch, pool, origins, issuedMs, expiresMs } = binding;
  return {
    id,
    epoch,
    pool,
    origin: origins[service] ?? null,
    created: event === "created",
    ageMs: nowMs - issuedMs,
    leftMs: expiresMs - nowMs,
  };
}
