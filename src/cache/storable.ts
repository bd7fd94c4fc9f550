/** Whether a response may be stored by a shared cache (RFC 9111 section 3), and shared at all. */
import type { CacheRule } from "../config/cache.ts";
import { controlOf, deltaSeconds, type Control } from "./cache-control.ts";
import { lifetimeOf } from "./freshness.ts";
import { parseContentRange } from "./range.ts";
import { varyNames } from "./vary.ts";

/** The request as storing looks at it. */
export interface AskedWith {
  readonly method: string;
  readonly authorized: boolean;
  /** It carried cookies that are not in the key. */
  readonly cookied: boolean;
  /** `Cache-Control: no-store`, where the rule lets clients say so. */
  readonly noStore: boolean;
  /** The response's `Content-Location` is the very target of the request. */
  readonly locatesTarget: boolean;
}

/** Why a response is not stored; the words are sent as `detail` of `Cache-Status`. */
export type Refusal =
  | "method"
  | "status"
  | "request-no-store"
  | "no-store"
  | "private"
  | "authorization"
  | "set-cookie"
  | "cookie"
  | "vary"
  | "no-lifetime"
  | "partial"
  | "too-large";

/** Final statuses this cache understands (RFC 9110 section 15 and neighbours), for `must-understand`. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409,
  410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505,
]);

/**
 * Judges a response to a request that its rule allows to store.
 *
 * @param field reads a response field
 * @param receivedMs when it came
 * @returns null when it may be stored, else the first reason why not
 */
export function refusal(
  asked: AskedWith,
  status: number,
  field: (name: string) => string | null,
  rule: CacheRule,
  receivedMs: number,
): Refusal | null {
  const control = controlOf(field);
  const forced = rule.mode === "force";
  const lifetime = lifetimeOf(status, field, control, rule, receivedMs);
  if (
    asked.method !== "GET" &&
    !(asked.method === "POST" && asked.locatesTarget && status === 200 && lifetime.source === "origin")
  )
    return "method";
  if (status < 200 || status > 599 || status === 304 || status === 416) return "status";
  if (asked.noStore) return "request-no-store";
  const mustUnderstand = control.values.has("must-understand");
  if (mustUnderstand && !UNDERSTOOD.has(status)) return "status";
  if (control.values.has("no-store") && !mustUnderstand && !(forced && lifetime.source === "rule")) return "no-store";
  if (control.values.has("private")) return "private";
  if (asked.authorized && (rule.authenticated === "never" || !sharesAuthorized(control))) return "authorization";
  if (field("set-cookie") !== null && !sharesOpenly(control)) return "set-cookie";
  const saysCacheable = statesFreshness(field, control) || control.values.has("public");
  if (asked.cookied && !rule.ignoreCookies && !saysCacheable) return "cookie";
  if (varyNames(field("vary")) === "*") return "vary";
  if (status === 206 && parseContentRange(field("content-range")) === null) return "partial";
  if (status !== 206 && field("content-range") !== null && isPart(field)) return "partial";
  if (lifetime.source === "none" && !canWait(field, control)) return "no-lifetime";
  if (lifetime.ms === 0 && !isUseful(field, control)) return "no-lifetime";
  const length = field("content-length");
  return length !== null && Number(length) > rule.maxObjectBytes ? "too-large" : null;
}

/** RFC 9111 section 3.5. */
function sharesAuthorized(control: Control): boolean {
  return control.values.has("public") || control.values.has("must-revalidate") || isPositive(control, "s-maxage");
}

/** The origin speaks of shared caches in so many words; `max-age` alone is also written for browsers. */
function sharesOpenly(control: Control): boolean {
  return (
    control.values.has("public") ||
    isPositive(control, "s-maxage") ||
    (control.targeted && isPositive(control, "max-age"))
  );
}

/** `Expires` and the like; a positive one says that the origin meant its answer to be kept. */
function statesFreshness(field: (name: string) => string | null, control: Control): boolean {
  if (isPositive(control, "s-maxage")) return true;
  if (control.values.has("max-age")) return isPositive(control, "max-age");
  return !control.targeted && field("expires") !== null && !control.values.has("no-store");
}

function isPositive(control: Control, name: string): boolean {
  const seconds = deltaSeconds(control, name);
  return seconds !== null && seconds > 0;
}

/** A response without a lifetime is worth keeping when it can be validated and the origin means it to be. */
function canWait(field: (name: string) => string | null, control: Control): boolean {
  return (control.values.has("no-cache") || control.values.has("public")) && isUseful(field, control);
}

/** It can be used again although it is never fresh: validated, or while that is going on. */
function isUseful(field: (name: string) => string | null, control: Control): boolean {
  return (
    field("etag") !== null ||
    field("last-modified") !== null ||
    isPositive(control, "stale-while-revalidate") ||
    isPositive(control, "stale-if-error")
  );
}

/** A `Content-Range` on anything but 206 has no meaning (RFC 9110 section 14.4), except as bytes of multipart. */
function isPart(field: (name: string) => string | null): boolean {
  return (field("content-type") ?? "").toLowerCase().startsWith("multipart/byteranges");
}
