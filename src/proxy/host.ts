/** What a `Host` may be. */

/** What to say of a `Host` that is not one. */
export const MALFORMED_HOST = "Expected one `Host` that is a host and an optional port.";

/**
 * True for a `Host` that cannot be one host and a port (RFC 3986 section 3.2): two that the runtime joined, or `evil.test:x.example.com`,
 * which `*.example.com` would match and an origin would read as `evil.test`.
 */
export function isMalformedHost(host: string): boolean {
  if (NAME.test(host)) return false;
  const authority = AUTHORITY.exec(host);
  return authority === null || Number(authority[1] ?? 0) > 65_535;
}

/** What nearly every request has: a name, or an IPv4 address, without port. */
const NAME = /^[\w.~!$&'()*+;=%-]+$/;

const AUTHORITY = /^(?:[\w.~!$&'()*+;=%-]+|\[[\da-f:.]+\])(?::(\d*))?$/i;
