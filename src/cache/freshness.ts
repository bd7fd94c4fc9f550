/** How long a stored response is fresh, and how much longer it may be served stale (RFC 9111 section 4.2, RFC 5861). */
import type { CacheRule } from "../config/cache.ts";
import { initialAgeMs } from "./age.ts";
import { controlOf, deltaSeconds, type Control } from "./cache-control.ts";
import { fieldOf } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";
import type { StoredResponse } from "./stored-response.ts";

/** The statuses whose responses may be stored without being told so (RFC 9110 section 15.1). */
const HEURISTIC_STATUSES: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);

const HEURISTIC_FRACTION = 0.1; // RFC 9111 section 4.2.2
const HEURISTIC_AT_MOST_MS = 86_400_000;
/** What has just been modified still spares its origin a burst. */
const HEURISTIC_AT_LEAST_MS = 5000;

/** Who set a lifetime. */
export type LifetimeSource = "origin" | "rule" | "heuristic" | "none";

export interface Lifetime {
  readonly ms: number;
  readonly source: LifetimeSource;
}

/** Everything about a stored response that later requests are judged by; computed once. */
export interface Policy {
  readonly lifetime: Lifetime;
  /** Age on arrival, as `Age` tells it. */
  readonly initialAgeMs: number;
  /** Age on arrival as freshness counts it: a lifetime set by a rule starts here. */
  readonly freshnessAgeMs: number;
  readonly receivedMs: number;
  /** It may not be served without asking the origin, fresh or not (`no-cache`). */
  readonly alwaysValidate: boolean;
  /** It may never be served stale (RFC 9111 section 4.2.4). */
  readonly neverStale: boolean;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

/** Judges a stored response once. */
export function policyOf(stored: StoredResponse, rule: CacheRule): Policy {
  const field = (name: string) => fieldOf(stored.fields, name);
  const control = controlOf(field);
  const lifetime = lifetimeOf(stored.status, field, control, rule, stored.times.responseMs);
  const dateMs = parseHttpDate(field("date"), stored.times.responseMs);
  const arrivalAgeMs = initialAgeMs(stored.initialAge, dateMs, stored.times);
  const forced = rule.mode === "force" && lifetime.source === "rule";
  const alwaysValidate = !forced && control.values.has("no-cache");
  const strictly = !forced && (control.values.has("must-revalidate") || control.values.has("proxy-revalidate"));
  // s-maxage means proxy-revalidate too (RFC 9111 section 5.2.2.10), unless the same origin grants stale use in so many words.
  const implied = !forced && control.values.has("s-maxage");
  const neverStale = alwaysValidate || strictly;
  return {
    lifetime,
    initialAgeMs: arrivalAgeMs,
    freshnessAgeMs: lifetime.source === "rule" ? 0 : arrivalAgeMs,
    receivedMs: stored.times.responseMs,
    alwaysValidate,
    neverStale: neverStale || implied,
    staleWhileRevalidateMs: neverStale
      ? 0
      : staleMs(control, "stale-while-revalidate", implied ? 0 : (rule.staleWhileRevalidateSeconds ?? 0), forced),
    staleIfErrorMs: neverStale ? 0 : staleMs(control, "stale-if-error", implied ? 0 : rule.staleIfErrorSeconds, forced),
  };
}

/**
 * The freshness lifetime: what the origin states for shared caches, else the rule's, else a heuristic one.
 *
 * @param field      reads a response field
 * @param receivedMs stands in for a missing or invalid `Date`
 */
export function lifetimeOf(
  status: number,
  field: (name: string) => string | null,
  control: Control,
  rule: CacheRule,
  receivedMs: number,
): Lifetime {
  const ruled = ruleLifetime(status, rule);
  if (rule.mode === "force" && ruled !== null) return ruled;
  const stated = statedLifetimeMs(field, control, receivedMs);
  if (stated !== null) return { ms: stated, source: "origin" };
  if (ruled !== null) return ruled;
  if (!HEURISTIC_STATUSES.has(status) && !control.values.has("public")) return { ms: 0, source: "none" };
  const dateMs = parseHttpDate(field("date"), receivedMs) ?? receivedMs;
  const modifiedMs = parseHttpDate(field("last-modified"), receivedMs);
  if (modifiedMs === null || modifiedMs >= dateMs) return { ms: 0, source: "none" };
  const ms = Math.min(
    Math.max((dateMs - modifiedMs) * HEURISTIC_FRACTION, HEURISTIC_AT_LEAST_MS),
    HEURISTIC_AT_MOST_MS,
  );
  return { ms, source: "heuristic" };
}

/** RFC 9111 section 4.2.1, as a shared cache; null when the origin states nothing. Invalid statements mean 0. */
function statedLifetimeMs(field: (name: string) => string | null, control: Control, receivedMs: number): number | null {
  for (const name of ["s-maxage", "max-age"]) {
    const seconds = deltaSeconds(control, name);
    if (seconds !== null) return Number.isNaN(seconds) || control.malformed ? 0 : seconds * 1000;
  }
  const expires = field("expires");
  if (control.targeted || expires === null) return null;
  const expiresMs = parseHttpDate(expires, receivedMs);
  if (expiresMs === null) return 0;
  return Math.max(0, expiresMs - (parseHttpDate(field("date"), receivedMs) ?? receivedMs));
}

/** The rule's lifetime for a status; `ttlSeconds` is for statuses that are cacheable by default and no errors. */
function ruleLifetime(status: number, rule: CacheRule): Lifetime | null {
  const seconds =
    rule.cacheStatuses[String(status)] ??
    (HEURISTIC_STATUSES.has(status) && status < 400 ? rule.ttlSeconds : undefined);
  return seconds === undefined ? null : { ms: seconds * 1000, source: "rule" };
}

function staleMs(control: Control, directive: string, ruleSeconds: number, forced: boolean): number {
  const stated = forced || control.malformed ? null : deltaSeconds(control, directive);
  if (stated === null) return ruleSeconds * 1000;
  return Number.isNaN(stated) ? 0 : stated * 1000;
}

/** Age now, in ms, as `Age` tells it. */
export function ageMs(policy: Policy, nowMs: number): number {
  return policy.initialAgeMs + Math.max(0, nowMs - policy.receivedMs);
}

/** How much longer the response is fresh, in ms; negative: for how long it has been stale. */
export function freshForMs(policy: Policy, nowMs: number): number {
  return policy.lifetime.ms - policy.freshnessAgeMs - Math.max(0, nowMs - policy.receivedMs);
}
