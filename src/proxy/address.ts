/** What a request's URL says, taken apart without parsing it: a URL parser would rewrite the path. */

export interface Address {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly target: string;
  readonly path: string;
}

/** @param url as the runtime gives it: absolute, the path as it came */
export function addressOf(url: string): Address {
  const authorityAt = url.indexOf("://") + 3;
  let targetAt = url.indexOf("/", authorityAt);
  const queryAt = url.indexOf("?", authorityAt);
  if (targetAt === -1 || (queryAt !== -1 && queryAt < targetAt)) targetAt = queryAt === -1 ? url.length : queryAt;
  if (targetAt === url.length && isServerWide(url)) return addressOf(url.slice(0, -1));
  const authority = url.slice(authorityAt, targetAt);
  const host = authority.replace(/:\d*$/, "").toLowerCase();
  const rest = url.slice(targetAt);
  const target = rest.startsWith("/") ? rest : `/${rest}`;
  const end = target.indexOf("?");
  return {
    scheme: url.startsWith("https:") ? "https" : "http",
    host,
    target,
    path: comparablePath(end === -1 ? target : target.slice(0, end)),
  };
}

/** True for a request about the server as a whole, `OPTIONS *`: the runtime gives its target as `http://host*`. */
export function isServerWide(url: string): boolean {
  return url.endsWith("*") && !url.slice(url.indexOf("://") + 3).includes("/");
}

/**
 * A path as rules compare it: unreserved characters decoded (RFC 3986 section 6.2.2.2) and dot segments removed
 * (section 6.2.2.3), so that `/public/%2e%2e/admin` is judged as what an origin would make of it. What is sent to the
 * origin is the path as it came.
 */
export function comparablePath(path: string): string {
  if (!path.includes("%") && !path.includes("/.")) return path;
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
  });
  if (!decoded.includes("/.")) return decoded;
  const kept: string[] = [];
  const segments = decoded.split("/").slice(1);
  segments.forEach((segment, index) => {
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
    if ((segment === ".." || segment === ".") && index === segments.length - 1) kept.push("");
  });
  return `/${kept.join("/")}`;
}
