/** The `IdempotencyLedger` Durable Object: the first answers of keyed requests, one shard of the keys in each. */
import { DurableObject } from "cloudflare:workers";
import { begin, end, type BeginQuestion, type IdempotencyEntry } from "../src/resilience/idempotency.ts";
import type { BeginAnswer, KeptAnswer, LedgerForIsolates } from "../src/resilience/idempotency-messages.ts";

/** Expired keys are cleared away at most this often, ms: each alarm costs a row. */
const CLEAR_EVERY_MS = 600_000;

interface Row extends Record<string, SqlStorageValue> {
  entry: string;
  head: string | null;
  body: ArrayBuffer | null;
}

/** Calls are synchronous inside, so each is atomic, and what is written is durable before the answer leaves. */
export class IdempotencyLedger extends DurableObject<unknown> implements LedgerForIsolates {
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#sql = state.storage.sql;
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, expires INTEGER NOT NULL, entry TEXT NOT NULL, head TEXT, body BLOB)",
    );
  }

  async begin(key: string, question: BeginQuestion): Promise<BeginAnswer> {
    const row = this.#row(key);
    const { decision, entry } = begin(row?.entry ?? null, question, Date.now());
    if (decision === "replay") return { decision, answer: row?.answer ?? null };
    if (decision === "run") {
      this.#store(key, entry, null);
      if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + CLEAR_EVERY_MS);
    }
    return { decision, answer: null };
  }

  /** @param answer null with `answered`: there is one, but it was too long to keep */
  end(key: string, run: string, answered: boolean, answer: KeptAnswer | null): Promise<void> {
    const entry = end(this.#row(key)?.entry ?? null, run, answered, Date.now());
    if (entry !== null) this.#store(key, entry, answer);
    return Promise.resolve();
  }

  override async alarm(): Promise<void> {
    this.#sql.exec("DELETE FROM keys WHERE expires <= ?", Date.now());
    if (this.#sql.exec("SELECT 1 FROM keys LIMIT 1").toArray().length > 0)
      await this.ctx.storage.setAlarm(Date.now() + CLEAR_EVERY_MS);
  }

  #row(key: string): { entry: IdempotencyEntry; answer: KeptAnswer | null } | null {
    const [row] = this.#sql.exec<Row>("SELECT entry, head, body FROM keys WHERE key = ?", key).toArray();
    if (row === undefined) return null;
    const head = row.head === null ? null : (JSON.parse(row.head) as Omit<KeptAnswer, "body">);
    return {
      entry: JSON.parse(row.entry) as IdempotencyEntry,
      answer: head === null ? null : { ...head, body: row.body ?? new ArrayBuffer(0) },
    };
  }

  #store(key: string, entry: IdempotencyEntry, answer: KeptAnswer | null): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO keys (key, expires, entry, head, body) VALUES (?, ?, ?, ?, ?)",
      key,
      entry.expiresAtMs,
      JSON.stringify(entry),
      answer === null ? null : JSON.stringify({ status: answer.status, headers: answer.headers }),
      answer?.body ?? null,
    );
  }
}
