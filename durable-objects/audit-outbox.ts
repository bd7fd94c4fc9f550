/** Hands the ControlPlane's changes on to the audit trail: stored with the change itself, sent until they have arrived. */
import { redacted, type AuditEntry, type AuditForApi } from "../src/agreement/audit-record.ts";
import type { EntryChange, Revision } from "../src/agreement/revision.ts";
import type { ChangeLog } from "./change-log.ts";

/** A change may be a megabyte, and a call carries 32 at most. */
const AT_ONCE = 20;

export class AuditOutbox {
  readonly #log: ChangeLog;
  readonly #auditLog: () => AuditForApi;
  #flushing: Promise<void> | null = null;

  /** @param auditLog a stub of the AuditLog, a new one each time */
  constructor(log: ChangeLog, auditLog: () => AuditForApi) {
    this.#log = log;
    this.#auditLog = auditLog;
  }

  get isEmpty(): boolean {
    return this.#log.unaudited(1).length === 0;
  }

  /** Sends what is there. Never rejects: what did not arrive is sent again the next time. */
  flush(): Promise<void> {
    this.#flushing ??= this.#send().finally(() => {
      this.#flushing = null;
    });
    return this.#flushing;
  }

  async #send(): Promise<void> {
    try {
      for (;;) {
        const revisions = this.#log.unaudited(AT_ONCE);
        if (revisions.length === 0) return;
        await this.#auditLog().append(
          revisions.map((revision) => ({ key: keyOf(revision), entry: entryOf(revision) })),
        );
        this.#log.noteAudited(revisions);
      }
    } catch {
      // The alarm tries again.
    }
  }
}

/** The same change arrives once, however often it is sent. */
function keyOf({ section, version }: Revision): string {
  return `${section}/${version}`;
}

function entryOf({ section, version, atMs, keys, note, changes }: Revision): AuditEntry {
  const side = (which: "before" | "after") =>
    Object.fromEntries(changes.map((change) => [change.key, legible(change[which])]));
  return {
    atMs,
    actor: note.actor ?? "unknown",
    action: note.action ?? `${section}.change`,
    target: note.target ?? `${section}/${version}`,
    reason: note.reason ?? "",
    requestId: note.requestId ?? "",
    before: redacted(changes.length === 0 ? null : side("before")),
    after: redacted(changes.length === 0 ? { epoch: version, keys } : side("after")),
    outcome: "done",
  };
}

/** A configuration as a document: what is secret in it is found by its members' names. */
function legible(value: EntryChange["before"]): unknown {
  if (typeof value !== "object" || value === null || !("kind" in value) || value.kind !== "config") return value;
  const { json, ...rest } = value;
  return { ...rest, config: JSON.parse(json) as unknown };
}
