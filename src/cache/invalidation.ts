/** What a write makes out of date (RFC 9111 section 4.4). */

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
  if (!isUnsafe(method) || status < 200 || status > 399 || !URL.canParse(url)) return [];
  const target = new URL(url);
  target.hash = "";
  const urls = new Set([target.href]);
  for (const name of ["location", "content-location"]) {
    const named = field(name);
    if (named === null || !URL.canParse(named, target.href)) continue;
    const other = new URL(named, target.href);
    other.hash = "";
    if (other.origin === target.origin) urls.add(other.href);
  }
  return [...urls];
}

/** Whether `Content-Location` names the very target of the request (RFC 9110 section 9.3.3). */
export function locatesTarget(url: string, contentLocation: string | null): boolean {
  return (
    contentLocation !== null &&
    URL.canParse(url) &&
    URL.canParse(contentLocation, url) &&
    new URL(contentLocation, url).href === new URL(url).href
  );
}
