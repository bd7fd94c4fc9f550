/** A record of the audit trail: who did what to what, why, and what it was before and became. Secrets are taken out of it. */

/** What is written down. */
export interface AuditEntry {
  /** ms since the epoch. */
  readonly atMs: number;
  /** `token:ops`, `access:ann@example.com`, or `fairlead` for what time did. */
  readonly actor: string;
  /** Resource and verb: `instance.drain`, `breaker.open`. */
  readonly action: string;
  /** What it was done to: `origin/eu1`, `service/shop`. */
  readonly target: string;
  readonly reason: string;
  readonly requestId: string;
  /** As JSON; null: nothing, or not known. */
  readonly before: unknown;
  readonly after: unknown;
  /** `failed`: it was begun, and ended in an error. */
  readonly outcome: "done" | "failed";
}

export interface AuditRecord extends AuditEntry {
  /** Grows with every record. */
  readonly id: number;
}

/** Which records; an absent field lets all pass. */
export interface AuditQuery {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  /** ms since the epoch, included. */
  readonly fromMs?: number | undefined;
  /** ms since the epoch, not included. */
  readonly toMs?: number | undefined;
  /** Only records with a smaller id. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface AuditForApi {
  /**
   * @param entries each with a key; one whose key is there already is not written again
   */
  append(entries: readonly { readonly key: string; readonly entry: AuditEntry }[]): Promise<void>;
  /** The newest first. */
  query(query: AuditQuery): Promise<AuditRecord[]>;
}

/** There is one AuditLog a deployment. */
export const AUDIT_LOG_NAME = "audit-log";

/** What stands in the place of something secret. */
export const REDACTED = "[redacted]";

const SENSITIVE = /secret|token|passw|authorization|cookie|credential|api[-_]?key|private[-_]?key|\bauth\b|-auth$/i;

/** What of a value is longer than this, as JSON in characters, is left out of a record. */
const MAX_LENGTH = 64 * 1024;

/**
 * A value as it may be stored for good: credentials and header values are replaced, and what is too long is left out.
 * The names of secrets (`{ secret: "ORIGIN_AUTH" }`) tell nothing and stay.
 */
export function redacted(value: unknown): unknown {
  const clean = withoutSecrets(value);
  const text = JSON.stringify(clean) ?? "null";
  return text.length <= MAX_LENGTH ? clean : { omitted: `${text.length} characters` };
}

/** A value with credentials and literal header values replaced, however long it is. */
export function withoutSecrets(value: unknown): unknown {
  return redact(value, false);
}

function redact(value: unknown, isSensitive: boolean): unknown {
  if (typeof value === "string") return isSensitive ? REDACTED : withoutCredentials(value);
  // Whether something is so (`ignoreCookies`) is no secret, whatever it is called.
  if (typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null) return isSensitive && value !== null ? REDACTED : value;
  if (Array.isArray(value)) return value.map((element) => redact(element, isSensitive));
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => {
      const namesSecret = name === "secret" && typeof part === "string" && /^[A-Z][A-Z0-9_]*$/.test(part);
      if (namesSecret) return [name, part];
      // Literal header values are what origins are protected with.
      return [name, redact(part, isSensitive || name === "headers" || (isLeaf(part) && SENSITIVE.test(name)))];
    }),
  );
}

function isLeaf(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

function withoutCredentials(text: string): string {
  return text.replaceAll(/\/\/[^/@\s]*@/g, "//***@");
}
