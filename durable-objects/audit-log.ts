/** The `AuditLog` Durable Object: an append-only record of who changed what. What is secret never gets here. */
import { DurableObject } from "cloudflare:workers";
import type { AuditEntry, AuditForApi, AuditQuery, AuditRecord } from "../src/agreement/audit-record.ts";

type Row = {
  id: number;
  at_ms: number;
  actor: string;
  action: string;
  target: string;
  reason: string;
  request_id: string;
  before: string;
  after: string;
  outcome: string;
};

export class AuditLog extends DurableObject<unknown> implements AuditForApi {
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#sql = state.storage.sql;
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS records (
      id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL, actor TEXT NOT NULL,
      action TEXT NOT NULL, target TEXT NOT NULL, reason TEXT NOT NULL, request_id TEXT NOT NULL,
      before TEXT NOT NULL, after TEXT NOT NULL, outcome TEXT NOT NULL
    )`);
    // Nobody changes or removes what happened, this code included.
    for (const verb of ["UPDATE", "DELETE"])
      this.#sql.exec(`CREATE TRIGGER IF NOT EXISTS no_${verb.toLowerCase()} BEFORE ${verb} ON records
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END`);
  }

  append(entries: readonly { readonly key: string; readonly entry: AuditEntry }[]): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      for (const { key, entry } of entries) this.#insert(key, entry);
    });
    return Promise.resolve();
  }

  query({ actor, action, target, fromMs, toMs, before, limit }: AuditQuery): Promise<AuditRecord[]> {
    const conditions: [condition: string, value: string | number | undefined][] = [
      ["actor = ?", actor],
      ["action = ?", action],
      ["target = ?", target],
      ["at_ms >= ?", fromMs],
      ["at_ms < ?", toMs],
      ["id < ?", before],
    ];
    const asked = conditions.filter((pair): pair is [string, string | number] => pair[1] !== undefined);
    const where = asked.length === 0 ? "" : `WHERE ${asked.map(([condition]) => condition).join(" AND ")}`;
    const statement = `SELECT * FROM records ${where} ORDER BY id DESC LIMIT ?`;
    const rows = this.#sql.exec<Row>(statement, ...asked.map(([, value]) => value), limit).toArray();
    return Promise.resolve(rows.map(recordOf));
  }

  #insert(key: string, entry: AuditEntry): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO records (key, at_ms, actor, action, target, reason, request_id, before, after, outcome)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      key,
      entry.atMs,
      entry.actor,
      entry.action,
      entry.target,
      entry.reason,
      entry.requestId,
      JSON.stringify(entry.before ?? null),
      JSON.stringify(entry.after ?? null),
      entry.outcome,
    );
  }
}

function recordOf(row: Row): AuditRecord {
  return {
    id: row.id,
    atMs: row.at_ms,
    actor: row.actor,
    action: row.action,
    target: row.target,
    reason: row.reason,
    requestId: row.request_id,
    before: JSON.parse(row.before) as unknown,
    after: JSON.parse(row.after) as unknown,
    outcome: row.outcome as AuditEntry["outcome"],
  };
}
