/** The ControlPlane's log in storage: what stands in each logged section, and every change that was made. */
import {
  LOGGED_SECTIONS,
  type LoggedChange,
  type LoggedDelta,
  type LoggedSection,
  type LoggedVersions,
  type Sections,
} from "../src/agreement/protocol.ts";
import type { ChangeNote, EntryChange, LogEntry, Revision } from "../src/agreement/revision.ts";
import {
  applyDelta,
  deltaSince,
  type SectionChange,
  type SectionDelta,
  type SectionState,
} from "../src/agreement/section.ts";
import { purgeEntries } from "../src/cache/purge-log.ts";
import { emptyLog, loggedVersions, type LoggedState } from "../src/agreement/view-state.ts";

/** Changes kept for the record; what stands is kept apart from them, for ever. */
const MAX_CHANGES = 10_000;

/** Changes answered at once, in characters: a call carries 32 MiB at most. */
const MAX_ANSWER_LENGTH = 8 * 1024 * 1024;

type EntryRow = { section: string; key: string; version: number; value: string | null };
type ChangeRow = { section: string; version: number; at_ms: number; keys: string; note: string; diff: string };

/** A change as it was made: what goes to the hubs, and what it replaced. */
export interface Appended {
  readonly change: LoggedChange;
  readonly atMs: number;
  readonly changes: readonly EntryChange[];
}

export class ChangeLog {
  readonly #storage: DurableObjectStorage;
  readonly #logged: LoggedState = emptyLog();
  /** By section, the version up to which the audit trail has the changes. */
  readonly #audited = new Map<string, number>();

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(`CREATE TABLE IF NOT EXISTS entries (
      section TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, value TEXT, PRIMARY KEY (section, key)
    ) WITHOUT ROWID`);
    storage.sql.exec(`CREATE TABLE IF NOT EXISTS changes (
      section TEXT NOT NULL, version INTEGER NOT NULL, at_ms INTEGER NOT NULL, keys TEXT NOT NULL, note TEXT NOT NULL,
      diff TEXT NOT NULL, PRIMARY KEY (section, version)
    ) WITHOUT ROWID`);
    storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS audited (section TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID",
    );
    this.#load();
  }

  get versions(): LoggedVersions {
    return loggedVersions(this.#logged);
  }

  /** What a hub that has `have` is missing. */
  deltaSince(have: LoggedVersions | null): LoggedDelta {
    const delta: { -readonly [S in LoggedSection]?: SectionDelta<never> } = {};
    for (const section of LOGGED_SECTIONS) {
      const part = deltaSince(this.#logged[section] as SectionState<never>, have?.[section] ?? 0);
      if (part !== null) delta[section] = part;
    }
    return delta;
  }

  /** What stands in a section, by key. */
  entries<S extends LoggedSection>(section: S): Map<string, Sections[S]> {
    const state = this.#logged[section] as SectionState<Sections[S]>;
    return new Map([...state.entries].flatMap(([key, { value }]) => (value === null ? [] : [[key, value] as const])));
  }

  /**
   * Appends a change and stores it. Nothing is stored, or in memory, unless all of it is.
   *
   * @throws what the storage throws
   */
  append<S extends LoggedSection>(
    section: S,
    entries: readonly LogEntry<S>[],
    note: ChangeNote,
    nowMs: number,
  ): Appended {
    const state = this.#logged[section] as SectionState<unknown>;
    const to = state.version + 1;
    const written: readonly SectionChange<unknown>[] =
      section === "purges"
        ? purgeEntries(this.#logged.purges, entries as readonly LogEntry<"purges">[])
        : entries.map(({ key, value }) => ({ key, version: to, value }));
    // One entry a key: the last word on it.
    const byKey = new Map(written.map((entry) => [entry.key, entry]));
    const changes = section === "purges" ? [] : entries.map(({ key, value }) => changeOf(state, key, value));
    const delta: SectionDelta<unknown> = { from: state.version, to, entries: [...byKey.values()] };
    const { sql } = this.#storage;
    this.#storage.transactionSync(() => {
      for (const { key, version, value } of delta.entries) {
        const text = value === null ? null : JSON.stringify(value);
        sql.exec("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", section, key, version, text);
      }
      const keys = JSON.stringify(entries.map(({ key }) => key));
      const [noted, diff] = [JSON.stringify(note), JSON.stringify(changes)];
      sql.exec("INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?)", section, to, nowMs, keys, noted, diff);
      const forgotten = Math.min(to - MAX_CHANGES, this.#auditedUpTo(section));
      sql.exec("DELETE FROM changes WHERE section = ? AND version <= ?", section, forgotten);
    });
    const { floor } = state;
    applyDelta(state, delta);
    if (state.floor !== floor) sql.exec("DELETE FROM entries WHERE section = ? AND value IS NULL", section);
    return { change: { section, delta } as LoggedChange, atMs: nowMs, changes };
  }

  /**
   * The newest changes first; fewer than asked for where they are long, but one at least.
   *
   * @param before only changes below this version
   */
  changes(section: LoggedSection, limit: number, before = Number.MAX_SAFE_INTEGER): Revision[] {
    const rows = this.#storage.sql.exec<ChangeRow>(
      "SELECT * FROM changes WHERE section = ? AND version < ? ORDER BY version DESC LIMIT ?",
      section,
      before,
      limit,
    );
    const revisions: Revision[] = [];
    let length = 0;
    for (const row of rows) {
      revisions.push(revisionOf(row));
      length += row.diff.length;
      if (length > MAX_ANSWER_LENGTH) break;
    }
    return revisions;
  }

  /** Changes that the audit trail has not got yet, the oldest of each section first. */
  unaudited(limit: number): Revision[] {
    return LOGGED_SECTIONS.flatMap((section) => {
      if (this.#auditedUpTo(section) >= this.versions[section]) return [];
      const rows = this.#storage.sql.exec<ChangeRow>(
        "SELECT * FROM changes WHERE section = ? AND version > ? ORDER BY version LIMIT ?",
        section,
        this.#auditedUpTo(section),
        limit,
      );
      return rows.toArray().map(revisionOf);
    });
  }

  /** Notes that the audit trail has these, and whatever came before them. */
  noteAudited(revisions: readonly Revision[]): void {
    for (const section of LOGGED_SECTIONS) {
      const newest = revisions.filter((revision) => revision.section === section).at(-1);
      if (newest === undefined) continue;
      this.#audited.set(section, newest.version);
      this.#storage.sql.exec("INSERT OR REPLACE INTO audited VALUES (?, ?)", section, newest.version);
    }
  }

  #auditedUpTo(section: LoggedSection): number {
    return this.#audited.get(section) ?? 0;
  }

  #load(): void {
    const { sql } = this.#storage;
    const audited = sql.exec<{ section: string; version: number }>("SELECT * FROM audited").toArray();
    for (const { section, version } of audited) this.#audited.set(section, version);
    for (const section of LOGGED_SECTIONS) {
      const state = this.#logged[section] as SectionState<unknown>;
      const entries = sql
        .exec<EntryRow>("SELECT * FROM entries WHERE section = ?", section)
        .toArray()
        .map(({ key, version, value }) => ({
          key,
          version,
          value: value === null ? null : (JSON.parse(value) as unknown),
        }));
      // An entry's version may have been overtaken by none of those that stand, so the head is in the log of changes.
      const head = sql.exec<{ head: number | null }>(
        "SELECT max(version) AS head FROM changes WHERE section = ?",
        section,
      );
      // As a whole: what was removed long ago is not known any more, so callers from before get the whole section too.
      applyDelta(state, { from: null, to: head.one().head ?? 0, entries });
    }
  }
}

function changeOf(state: SectionState<unknown>, key: string, after: unknown): EntryChange {
  return { key, before: state.entries.get(key)?.value ?? null, after } as EntryChange;
}

function revisionOf(row: ChangeRow): Revision {
  return {
    section: row.section as LoggedSection,
    version: row.version,
    atMs: row.at_ms,
    keys: JSON.parse(row.keys) as string[],
    note: JSON.parse(row.note) as ChangeNote,
    changes: JSON.parse(row.diff) as EntryChange[],
  };
}
