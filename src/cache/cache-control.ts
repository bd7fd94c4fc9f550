/** Reads `Cache-Control` (RFC 9111 section 5.2) and decides which field governs a response (RFC 9213). */
import { splitList, TOKEN, unquote } from "./field-list.ts";
import { parseTargeted } from "./targeted-control.ts";

/** Directives by lower-case name; `true` where one came without an argument. */
export interface Directives {
  readonly values: ReadonlyMap<string, string | true>;
  /** Field names of qualified `no-cache` and `private`, lower case. */
  readonly qualified: ReadonlySet<string>;
  /** Something could not be read; whatever freshness is stated is not trusted. */
  readonly malformed: boolean;
}

/** The directives that govern a response and where they came from. */
export interface Control extends Directives {
  /** A valid targeted field was there, so `Cache-Control` and `Expires` are ignored (RFC 9213 section 2.2). */
  readonly targeted: boolean;
}

/** Strongest first. `Fairlead-Cache-Control` speaks to this cache alone and goes no further. */
export const TARGETED_FIELDS = ["fairlead-cache-control", "cdn-cache-control"] as const;

/** delta-seconds beyond this mean this (RFC 9111 section 1.2.2). */
export const MAX_DELTA_SECONDS = 2_147_483_648;

const NO_FIELDS: ReadonlySet<string> = new Set();
const NONE: Directives = { values: new Map(), qualified: NO_FIELDS, malformed: false };

/**
 * Reads a `Cache-Control` value. Where a directive repeats, its first occurrence counts (RFC 9111 section 4.2.1); what
 * is not a directive is skipped. Never throws.
 */
export function parseCacheControl(value: string | null): Directives {
  if (value === null || value === "") return NONE;
  const list = splitList(value);
  const values = new Map<string, string | true>();
  const qualified: string[] = [];
  for (const member of list.members) {
    const equals = member.indexOf("=");
    const name = (equals === -1 ? member : member.slice(0, equals)).toLowerCase();
    if (!TOKEN.test(name)) continue;
    const argument = equals === -1 ? true : unquote(member.slice(equals + 1));
    if ((name === "no-cache" || name === "private") && argument !== true) {
      const fields = fieldNames(argument);
      // A qualified form that cannot be read restricts the whole response.
      if (fields === null) values.set(name, true);
      else qualified.push(...fields);
    } else if (!values.has(name)) values.set(name, argument);
  }
  return { values, qualified: qualified.length === 0 ? NO_FIELDS : new Set(qualified), malformed: list.malformed };
}

/**
 * The directives a shared cache obeys for a response: the first targeted field that is valid, else `Cache-Control`.
 *
 * @param field reads a response field, null when absent
 */
export function controlOf(field: (name: string) => string | null): Control {
  for (const name of TARGETED_FIELDS) {
    const value = field(name);
    const parsed = value === null ? null : parseTargeted(value);
    if (parsed !== null) return { ...parsed, targeted: true };
  }
  return { ...parseCacheControl(field("cache-control")), targeted: false };
}

/** What a request asks for, `Pragma: no-cache` standing in where it has no `Cache-Control` (RFC 9111 section 5.4). */
export function requestDirectives(cacheControl: string | null, pragma: string | null): Directives {
  if (cacheControl === null && pragma !== null && parseCacheControl(pragma).values.has("no-cache"))
    return { values: new Map([["no-cache", true]]), qualified: new Set(), malformed: false };
  return parseCacheControl(cacheControl);
}

/**
 * Reads delta-seconds. A fraction is cut off; anything else that is not a number is not one.
 *
 * @returns seconds, at most {@link MAX_DELTA_SECONDS}; null when the directive is absent; NaN when it has no valid
 *   argument, which makes a response stale (RFC 9111 section 4.2.1)
 */
export function deltaSeconds(directives: Directives, name: string): number | null {
  const argument = directives.values.get(name);
  if (argument === undefined) return null;
  if (argument === true || !/^\d+(?:\.\d+)?$/.test(argument)) return Number.NaN;
  return Math.min(Math.trunc(Number(argument)), MAX_DELTA_SECONDS);
}

/** The field names in a qualified argument, lower case; null when it is not a list of at least one. */
function fieldNames(argument: string): string[] | null {
  const names = splitList(argument).members.map((name) => name.toLowerCase());
  return names.length > 0 && names.every((name) => TOKEN.test(name)) ? names : null;
}
