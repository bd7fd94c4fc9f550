/** What a write makes out of date (RFC 9111 section 4.4). */
import { withoutRootDot } from "../config/host.ts";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** Whether a method may change things; one nobody has heard of may. */
export function isUnsafe(method: string): boolean {
  return !SAFE_METHODS.has(method);
}

/**
 * The URLs whose stored responses an answered request invalidates: its target, and what `Location` and
 * `Content-Location` name on the same origin.
 *
 * @param url    the request's target, absolute
 * @param status only a success or a redirect changes anything
 */
export function invalidatedUrls(
  method: string,
  url: string,
  status: number,
  field: (name: string) => string | null,
): string[] {
  const target = resolved(url);
  if (!isUnsafe(method) || status < 200 || status > 399 || target === null) return [];
  // The target as it came, because that is how answers to it are stored: a parser would rewrite its path and query.
  const urls = new Set([url]);
  for (const name of ["location", "content-location"]) {
    const named = field(name);
    const other = named === null ? null : resolved(named, target);
    if (other?.origin === target.origin) urls.add(other.href);
  }
  return [...urls];
}

/** Whether `Content-Location` names the very target of the request (RFC 9110 section 9.3.3). */
export function locatesTarget(url: string, contentLocation: string | null): boolean {
  const target = resolved(url);
  return target !== null && contentLocation !== null && resolved(contentLocation, target)?.href === target.href;
}

/** A URL without fragment, its host as there is one way to write it; null: it is none. */
function resolved(url: string, base?: URL): URL | null {
  const parsed = URL.parse(url, base);
  if (parsed === null) return null;
  parsed.host = withoutRootDot(parsed.host);
  parsed.hash = "";
  return parsed;
}
