/**
 * What an answer says of the limits that counted the request: `RateLimit-Policy`, `RateLimit`, `Retry-After`.
 *
 * Structured fields after draft-ietf-httpapi-ratelimit-headers-11. No partition key is told: it would be the client's own.
 */

/** One limit as far as this answer can tell. */
export interface Standing {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  /** Counts requests in flight, not per window. */
  readonly concurrent: boolean;
  readonly remaining: number;
  readonly resetMs: number;
  readonly legacyHeaders: boolean;
}

/** @param standings of every limit that counted the request, in the order of the configuration; at least one */
export function rateLimitHeaders(standings: readonly Standing[]): [name: string, value: string][] {
  const fields: [string, string][] = [
    ["RateLimit-Policy", standings.map(policyItem).join(", ")],
    ["RateLimit", standings.map(limitItem).join(", ")],
  ];
  const legacy = standings.filter((standing) => standing.legacyHeaders);
  if (legacy.length === 0) return fields;
  const tightest = legacy.reduce((least, standing) => (standing.remaining < least.remaining ? standing : least));
  fields.push(
    ["X-RateLimit-Limit", String(tightest.limit)],
    ["X-RateLimit-Remaining", String(remaining(tightest))],
    ["X-RateLimit-Reset", String(seconds(tightest.resetMs))],
  );
  return fields;
}

/** Whole seconds, at least 1: a client that comes back in 0 seconds was told nothing (RFC 9110 section 10.2.3). */
export function retryAfterSeconds(retryMs: number): number {
  return Math.max(1, seconds(retryMs));
}

function policyItem({ name, limit, windowMs, concurrent }: Standing): string {
  const unit = concurrent ? `;qu="concurrent-requests"` : `;w=${Math.max(1, seconds(windowMs))}`;
  return `${quoted(name)};q=${Math.floor(limit)}${unit}`;
}

function limitItem(standing: Standing): string {
  const { name, resetMs, concurrent } = standing;
  return `${quoted(name)};r=${remaining(standing)}${concurrent ? "" : `;t=${seconds(resetMs)}`}`;
}

function remaining({ remaining, limit }: Standing): number {
  return Math.max(0, Math.min(Math.floor(remaining), Math.floor(limit)));
}

function seconds(ms: number): number {
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(ms / 1_000)) : 0;
}

/** A String of RFC 9651 section 3.3.3. Names are ids, so nothing needs escaping; a stray character is dropped, not sent. */
function quoted(name: string): string {
  return `"${name.replace(/[^\x20-\x7e]|["\\]/g, "")}"`;
}
