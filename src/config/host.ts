/** How a host is written once, as the configuration has it: what clients may put in more than one way names one host. */

/** `.` */
const DOT = 0x2e;

/**
 * A host without the dot that may end an absolute domain name, the root's (RFC 3986 section 3.2.2): `example.com.` is
 * `example.com`. One dot only: behind two there is no name.
 *
 * @param host with or without a port
 */
export function withoutRootDot(host: string): string {
  const portAt = host.lastIndexOf(":");
  const end = portAt === -1 ? host.length : portAt;
  return end > 1 && host.charCodeAt(end - 1) === DOT ? host.slice(0, end - 1) + host.slice(end) : host;
}
