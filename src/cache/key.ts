/** What tells one stored answer from another before `Vary`: the target, and the extras a rule adds. */
import type { CacheKeyRule } from "../config/cache.ts";
import { withoutRootDot } from "../config/host.ts";

/** Reads what a key may depend on. */
export interface KeyRequest {
  /** Absolute, without fragment. */
  readonly url: string;
  field(name: string): string | null;
  /** The client's country, two letters, where the platform knows it. */
  readonly country: string | null;
}

export interface CacheKey {
  /** Service, scheme and target: one per resource, so that dropping it drops all its variants. */
  readonly primary: string;
  /** Host, path and the query that counts, without scheme: what purges match. */
  readonly target: string;
  /** Values of the key's fields, cookies, country and device; empty for most rules. */
  readonly extras: string;
}

/** Computes the key of a request. */
export type KeyMaker = (request: KeyRequest) => CacheKey;

/** Compiles a rule's key once. */
export function compileKey(service: string, key: CacheKeyRule): KeyMaker {
  const target = compileTarget(key);
  const headers = key.headers.map((name) => name.toLowerCase()).toSorted(compareNames);
  const cookies = key.cookies.toSorted(compareNames);
  const hasExtras = headers.length > 0 || cookies.length > 0 || key.country || key.device;
  return (request) => {
    const place = target(request.url);
    return {
      primary: `${service} ${request.url.startsWith("https:") ? "https" : "http"} ${place}`,
      target: place,
      extras: hasExtras ? extrasOf(request, headers, cookies, key) : "",
    };
  };
}

/** Reduces a URL to what purges and keys compare: host, path, and the parameters that count. */
export function compileTarget(key: Pick<CacheKeyRule, "query" | "sortQuery">): (url: string) => string {
  const { query, sortQuery } = key;
  if (query === "all" && !sortQuery) return withoutScheme;
  const keeps = parameterFilter(query);
  return (url) => {
    const place = withoutScheme(url);
    const mark = place.indexOf("?");
    if (mark === -1) return place;
    const parameters = place
      .slice(mark + 1)
      .split("&")
      .filter((parameter) => parameter !== "" && keeps(parameter));
    // Sorted by the whole text: stable, and repeated names keep their meaning only where their order has none.
    if (sortQuery) parameters.sort((a, b) => compareNames(nameOf(a), nameOf(b)));
    return parameters.length === 0 ? place.slice(0, mark) : `${place.slice(0, mark)}?${parameters.join("&")}`;
  };
}

/** Hosts that clients may write in more than one way: with capitals, the port that goes without saying, or the root's dot. */
const ODD_HOST = /^[^/?]*(?:[A-Z]|:(?:80|443)?(?=[/?]|$)|\.(?=[:/?]|$))/;

/** A URL without scheme and fragment, its host as there is one way to write it, path and query byte for byte. */
export function withoutScheme(url: string): string {
  const start = url.indexOf("://") + 3;
  const hash = url.indexOf("#", start);
  const place = hash === -1 ? url.slice(start) : url.slice(start, hash);
  if (!ODD_HOST.test(place)) return place;
  const pathAt = place.search(/[/?]|$/);
  const host = place.slice(0, pathAt).toLowerCase();
  return withoutRootDot(host.replace(/:(?:80|443)?$/, "")) + place.slice(pathAt);
}

function parameterFilter(query: CacheKeyRule["query"]): (parameter: string) => boolean {
  if (query === "all") return () => true;
  if (query === "none") return () => false;
  const listed = nameMatcher("include" in query ? query.include : query.exclude);
  return "include" in query ? (parameter) => listed(nameOf(parameter)) : (parameter) => !listed(nameOf(parameter));
}

function nameMatcher(patterns: readonly string[]): (name: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith("*")));
  const prefixes = patterns.filter((pattern) => pattern.endsWith("*")).map((pattern) => pattern.slice(0, -1));
  return (name) => exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

/** A parameter's name as servers read it: decoded, or as it stands where it cannot be. */
function nameOf(parameter: string): string {
  const raw = parameter.split("=", 1)[0]!.replaceAll("+", " ");
  if (!raw.includes("%")) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Every part is encoded, so no value can pass for two. */
function extrasOf(
  request: KeyRequest,
  headers: readonly string[],
  cookies: readonly string[],
  key: CacheKeyRule,
): string {
  const jar = cookies.length === 0 ? new Map<string, string>() : cookiesOf(request.field("cookie"));
  const parts = [
    ...headers.map((name) => [`h:${name}`, request.field(name)] as const),
    ...cookies.map((name) => [`c:${name}`, jar.get(name) ?? null] as const),
    ...(key.country ? [["country", request.country] as const] : []),
    ...(key.device ? [["device", deviceOf(request.field("user-agent"))] as const] : []),
  ];
  return parts.map(([name, value]) => (value === null ? encode(name) : `${encode(name)}=${encode(value)}`)).join("&");
}

/**
 * Whether a request carries cookies that are not part of the key, so that its answer may be personal.
 *
 * @param sessionCookie our own, which says where a request goes and nothing of who it is
 */
export function hasOtherCookies(
  cookieField: string | null,
  key: Pick<CacheKeyRule, "cookies" | "headers">,
  sessionCookie?: string,
): boolean {
  if (cookieField === null || cookieField.trim() === "") return false;
  if (key.headers.some((name) => name.toLowerCase() === "cookie")) return false;
  for (const pair of cookieField.split(/[;,]/)) {
    const equals = pair.indexOf("=");
    const name = (equals === -1 ? pair : pair.slice(0, equals)).trim();
    if (pair.trim() !== "" && name !== sessionCookie && !key.cookies.includes(name)) return true;
  }
  return false;
}

/**
 * Whatever a server may take for a cookie's value, by name. To some a comma ends a value and to others it is part of it, so
 * what follows it counts as both; and of a name that comes twice some believe the first and others the last. Between two
 * semicolons a name counts once: what it says there later follows it, and each time anew would be the square of a field.
 */
function cookiesOf(field: string | null): Map<string, string> {
  const jar = new Map<string, string>();
  for (const part of (field ?? "").split(";")) {
    const crumb = part.trimEnd();
    const named = new Set<string>();
    for (let at = 0, comma = 0; comma !== -1; at = comma + 1) {
      comma = crumb.indexOf(",", at);
      const [name = ""] = crumb.slice(at, comma === -1 ? undefined : comma).split("=", 1);
      const key = name.trim();
      if (named.has(key)) continue;
      named.add(key);
      const value = crumb.slice(at + name.length + 1).trimStart();
      const before = jar.get(key);
      jar.set(key, before === undefined ? value : `${before};${value}`);
    }
  }
  return jar;
}

function deviceOf(userAgent: string | null): "mobile" | "tablet" | "desktop" {
  if (userAgent === null) return "desktop";
  if (/ipad|tablet|kindle|silk|playbook|android(?!.*mobile)/i.test(userAgent)) return "tablet";
  return /mobi|iphone|ipod|android|windows phone/i.test(userAgent) ? "mobile" : "desktop";
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
