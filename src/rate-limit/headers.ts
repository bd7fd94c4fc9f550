/**
 * What an answer says of the limits that counted the request: `RateLimit-Policy`, `RateLimit`, `Retry-After`.
 *
 * Structured fields after draft-ietf-httpapi-ratelimit-headers-11. No partition key is told: it would be the client's own.
 */

/** What a limit allows. */
export interface Policy {
  /** An id, so that nothing in it needs escaping in a String of RFC 9651 section 3.3.3. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  /** Counts requests in flight, not per window. */
  readonly concurrent: boolean;
}

/** One limit as far as this answer can tell. */
export interface Standing {
  readonly name: string;
  readonly limit: number;
  readonly concurrent: boolean;
  /** Its item of `RateLimit-Policy`, which is the same for many requests. */
  readonly policy: string;
  readonly remaining: number;
  readonly resetMs: number;
  readonly legacyHeaders: boolean;
}

/** Where the fields are written. */
export interface FieldWriter {
  set(name: string, value: string): void;
}

/** @param standings of every limit that counted the request, in the order of the configuration; at least one */
export function writeRateLimits(standings: readonly Standing[], fields: FieldWriter): void {
  let policies = "";
  let limits = "";
  let tightest: Standing | null = null;
  for (const standing of standings) {
    policies += policies === "" ? standing.policy : `, ${standing.policy}`;
    limits += limits === "" ? limitItem(standing) : `, ${limitItem(standing)}`;
    if (!standing.legacyHeaders) continue;
    if (tightest === null || standing.remaining < tightest.remaining) tightest = standing;
  }
  fields.set("RateLimit-Policy", policies);
  fields.set("RateLimit", limits);
  if (tightest === null) return;
  fields.set("X-RateLimit-Limit", String(tightest.limit));
  fields.set("X-RateLimit-Remaining", String(remaining(tightest)));
  fields.set("X-RateLimit-Reset", String(seconds(tightest.resetMs)));
}

/** Whole seconds, at least 1: a client that comes back in 0 seconds was told nothing (RFC 9110 section 10.2.3). */
export function retryAfterSeconds(retryMs: number): number {
  return Math.max(1, seconds(retryMs));
}

/** A limit as an item of `RateLimit-Policy`. */
export function policyItem({ name, limit, windowMs, concurrent }: Policy): string {
  const unit = concurrent ? `;qu="concurrent-requests"` : `;w=${Math.max(1, seconds(windowMs))}`;
  return `"${name}";q=${Math.floor(limit)}${unit}`;
}

function limitItem(standing: Standing): string {
  const { name, resetMs, concurrent } = standing;
  return `"${name}";r=${remaining(standing)}${concurrent ? "" : `;t=${seconds(resetMs)}`}`;
}

function remaining({ remaining, limit }: Standing): number {
  return Math.max(0, Math.min(Math.floor(remaining), Math.floor(limit)));
}

function seconds(ms: number): number {
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(ms / 1_000)) : 0;
}
