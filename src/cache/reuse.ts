/** What to do with a stored response when a request could use it (RFC 9111 sections 4 and 5.2.1, RFC 5861). */
import { deltaSeconds, type Directives } from "./cache-control.ts";
import { ageMs, freshForMs, type Policy } from "./freshness.ts";

export type Reuse =
  | { readonly kind: "serve"; readonly stale: boolean }
  /** Serve it stale and ask the origin meanwhile. */
  | { readonly kind: "serve-and-refresh" }
  /** Ask the origin first. */
  | { readonly kind: "validate" };

const SERVE_FRESH: Reuse = { kind: "serve", stale: false };
const SERVE_STALE: Reuse = { kind: "serve", stale: true };
const REFRESH: Reuse = { kind: "serve-and-refresh" };
const VALIDATE: Reuse = { kind: "validate" };

/**
 * Judges one use of a stored response.
 *
 * @param wishes     the request's directives; none where a rule overrules the client
 * @param softPurged counts as stale from now on, however fresh
 */
export function judgeReuse(policy: Policy, wishes: Directives, softPurged: boolean, nowMs: number): Reuse {
  const freshMs = freshForMs(policy, nowMs);
  if (policy.alwaysValidate || wishes.values.has("no-cache")) return VALIDATE;
  if (wishes.values.size > 0) {
    const maxAge = deltaSeconds(wishes, "max-age");
    // An argument that is not a number is not a wish that can be granted: the strictest reading is taken.
    if (maxAge !== null && (maxAge === 0 || !(ageMs(policy, nowMs) <= maxAge * 1000))) return VALIDATE;
    const minFresh = deltaSeconds(wishes, "min-fresh");
    if (minFresh !== null && (softPurged || !(freshMs >= minFresh * 1000))) return VALIDATE;
    if (!softPurged && freshMs <= 0 && allowsStale(policy, wishes, freshMs)) return SERVE_STALE;
    // Who says how old an answer may be wants no stale one, unless it says that too (RFC 9111 section 5.2.1.1).
    if (maxAge !== null && (softPurged || freshMs <= 0)) return VALIDATE;
  }
  if (freshMs > 0 && !softPurged) return SERVE_FRESH;
  const staleMs = softPurged ? 0 : -freshMs;
  const windowMs = policy.staleWhileRevalidateMs;
  return staleMs < windowMs ? REFRESH : VALIDATE;
}

/** `max-stale`, which yields to the origin's prohibitions (RFC 9111 section 4.2.4). */
function allowsStale(policy: Policy, wishes: Directives, freshMs: number): boolean {
  if (policy.neverStale || !wishes.values.has("max-stale")) return false;
  const argument = wishes.values.get("max-stale");
  if (argument === true) return true; // any staleness
  const limit = deltaSeconds(wishes, "max-stale");
  return limit !== null && -freshMs <= limit * 1000;
}

/**
 * Whether a response may stand in when origins fail (RFC 5861 section 4).
 *
 * @param hardPurged what was purged hard is gone, whatever else
 */
export function mayServeOnError(policy: Policy, hardPurged: boolean, nowMs: number): boolean {
  if (hardPurged || policy.alwaysValidate) return false;
  const freshMs = freshForMs(policy, nowMs);
  // A fresh one gets here when the client insisted on validation or it was purged softly.
  return freshMs > 0 || -freshMs < policy.staleIfErrorMs;
}

/** Statuses that count as an error of the origin (RFC 5861 section 4). */
export function isServerError(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}
