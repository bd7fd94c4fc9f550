/** Whether a URL may register itself as an origin: what the patterns of `registration.allow` mean. */

/** Scheme, host (or `*.` before its suffix), optional port, optional path prefix. */
export const REGISTRATION_PATTERN =
  /^(https?):\/\/(\*\.)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d{1,5}))?(\/[^?#*]*)?$/;

/**
 * Whether a URL may be registered. It is judged as a URL parser reads it, so that another spelling of an address is the
 * same address; a private one is reached only where a pattern names it whole.
 */
export function registrationAllowed(patterns: readonly string[], text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return false;
  return patterns.some((pattern) => matches(pattern, url));
}

function matches(pattern: string, url: URL): boolean {
  const [, scheme, wildcard, host, port, path] = REGISTRATION_PATTERN.exec(pattern) ?? [];
  if (scheme === undefined || host === undefined || url.protocol !== `${scheme}:`) return false;
  const ownPort = scheme === "https" ? "443" : "80";
  if (url.port !== (port === undefined || port === ownPort ? "" : port)) return false;
  const hostFits = wildcard === undefined ? url.hostname === host : url.hostname.endsWith(`.${host}`);
  return hostFits && (path === undefined || isBelow(url.pathname, path));
}

function isBelow(path: string, prefix: string): boolean {
  const folder = prefix.endsWith("/") ? prefix : `${prefix}/`;
  return path === prefix || path.startsWith(folder);
}
