/** The sessions of one shard in SQLite: found, written, listed, bounded. */
import type { SessionFilter, SessionRecord, SessionTally } from "../src/affinity/messages.ts";

type TallyEvent = keyof SessionTally;

/** Of a full shard, the part that makes room at once, so that not every new session does. */
const EVICTED_PART = 0.01;

type Row = {
  hash: string;
  scope: string;
  key: string;
  id: string;
  epoch: number;
  pool: string;
  origins: string;
  issued: number;
  expires: number;
  seen: number;
};

export class SessionStore {
  readonly #sql: SqlStorage;
  readonly #capacity: number;
  #count: number;

  /** @param capacity sessions kept at most; the least recently seen go first */
  constructor(sql: SqlStorage, capacity: number) {
    this.#sql = sql;
    this.#capacity = capacity;
    sql.exec(`CREATE TABLE IF NOT EXISTS sessions (
      hash TEXT PRIMARY KEY, scope TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, epoch INTEGER NOT NULL,
      pool TEXT NOT NULL, origins TEXT NOT NULL, issued INTEGER NOT NULL, expires INTEGER NOT NULL, seen INTEGER NOT NULL
    ) WITHOUT ROWID`);
    sql.exec("CREATE TABLE IF NOT EXISTS tally (event TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID");
    this.#count = sql.exec<{ count: number }>("SELECT count(*) AS count FROM sessions").one().count;
  }

  get count(): number {
    return this.#count;
  }

  find(hash: string): SessionRecord | null {
    const [row] = this.#sql.exec<Row>("SELECT * FROM sessions WHERE hash = ?", hash).toArray();
    return row === undefined ? null : sessionRecord(row);
  }

  /** Writes a session down and, in a full shard, lets go of others. */
  put({ hash, scope, key, binding }: SessionRecord, isNew: boolean, nowMs: number): void {
    if (isNew && this.#count >= this.#capacity) this.#makeRoom(nowMs);
    const { id, epoch, pool, origins, issuedMs, expiresMs, seenMs } = binding;
    this.#sql.exec(
      "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      hash,
      scope,
      key,
      id,
      epoch,
      pool,
      JSON.stringify(origins),
      issuedMs,
      expiresMs,
      seenMs,
    );
    if (isNew) this.#count++;
  }

  /** Deletes one. @returns what it was, or null */
  delete(hash: string): SessionRecord | null {
    const stored = this.find(hash);
    if (stored === null) return null;
    this.#sql.exec("DELETE FROM sessions WHERE hash = ?", hash);
    this.#count--;
    return stored;
  }

  /** Deletes all that a filter names; an empty one names all. @returns how many */
  deleteAll(filter: SessionFilter): number {
    const hashes = [...this.#all()].filter((stored) => matches(stored, filter)).map(({ hash }) => hash);
    for (const hash of hashes) this.delete(hash);
    return hashes.length;
  }

  /** Deletes those whose time is over. @returns how many */
  expire(nowMs: number): number {
    const expired = this.#sql.exec("DELETE FROM sessions WHERE expires <= ? RETURNING hash", nowMs).toArray().length;
    this.#count -= expired;
    this.tally("expired", expired);
    return expired;
  }

  /**
   * Sessions that live, in order of their hash.
   *
   * @param after only those with a greater hash
   */
  list(filter: SessionFilter, after: string, limit: number, nowMs: number): SessionRecord[] {
    const page: SessionRecord[] = [];
    for (const stored of this.#all(after)) {
      if (stored.binding.expiresMs > nowMs && matches(stored, filter) && page.push(stored) >= limit) break;
    }
    return page;
  }

  /** How many live. */
  active(nowMs: number): number {
    return this.#sql.exec<{ count: number }>("SELECT count(*) AS count FROM sessions WHERE expires > ?", nowMs).one()
      .count;
  }

  /** Counts what happened. */
  tally(event: TallyEvent, by = 1): void {
    if (by === 0) return;
    this.#sql.exec(
      "INSERT INTO tally VALUES (?, ?) ON CONFLICT (event) DO UPDATE SET count = count + excluded.count",
      event,
      by,
    );
  }

  tallies(): SessionTally {
    const counts = Object.fromEntries(
      this.#sql
        .exec<{ event: string; count: number }>("SELECT * FROM tally")
        .toArray()
        .map(({ event, count }) => [event, count]),
    );
    return { created: 0, moved: 0, expired: 0, revoked: 0, evicted: 0, ...counts };
  }

  #makeRoom(nowMs: number): void {
    this.expire(nowMs);
    if (this.#count < this.#capacity) return;
    const over = this.#count - this.#capacity + Math.max(1, Math.floor(this.#capacity * EVICTED_PART));
    const evicted = this.#sql
      .exec("DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions ORDER BY seen LIMIT ?) RETURNING hash", over)
      .toArray().length;
    this.#count -= evicted;
    this.tally("evicted", evicted);
  }

  *#all(after = ""): Generator<SessionRecord> {
    for (const row of this.#sql.exec<Row>("SELECT * FROM sessions WHERE hash > ? ORDER BY hash", after))
      yield sessionRecord(row);
  }
}

function sessionRecord({ hash, scope, key, id, epoch, pool, origins, issued, expires, seen }: Row): SessionRecord {
  const bySpot = JSON.parse(origins) as Record<string, string | null>;
  return {
    hash,
    scope,
    key,
    binding: { id, epoch, pool, origins: bySpot, issuedMs: issued, expiresMs: expires, seenMs: seen },
  };
}

function matches({ binding }: SessionRecord, { service, origin }: SessionFilter): boolean {
  if (service !== undefined && !(service in binding.origins)) return false;
  return origin === undefined || Object.values(binding.origins).includes(origin);
}
