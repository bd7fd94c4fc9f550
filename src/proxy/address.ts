/** What a request's URL says, taken apart without parsing it: a URL parser would rewrite the path. */
import { withoutRootDot } from "../config/host.ts";

export interface Address {
  readonly scheme: "http" | "https";
  /** Lower case, without port and without the dot of an absolute name. */
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
  const host = withoutRootDot(authority.replace(/:\d*$/, "").toLowerCase());
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
  const unescaped = path.includes("%") ? withComparableEscapes(path) : path;
  return unescaped.includes("/.") ? withoutDots(unescaped) : unescaped;
}

/** Four bits by character code of a hexadecimal digit; 255 for what is none. */
const HEX = new Uint8Array(128).fill(255);
for (const [bits, digits] of "0123456789abcdef".split("").entries())
  for (const digit of [digits, digits.toUpperCase()]) HEX[digit.charCodeAt(0)] = bits;

/** By the byte that is escaped: the character where it is unreserved, else the escape in capitals. */
const COMPARABLE = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
});

function withComparableEscapes(path: string): string {
  let text = "";
  let from = 0;
  for (let at = path.indexOf("%"); at !== -1; at = path.indexOf("%", at + 1)) {
    const high = HEX[path.charCodeAt(at + 1)] ?? 255;
    const low = HEX[path.charCodeAt(at + 2)] ?? 255;
    if (high === 255 || low === 255) continue;
    text += path.slice(from, at) + COMPARABLE[high * 16 + low]!;
    from = at + 3;
  }
  return text + path.slice(from);
}

/** @param path begins with `/` */
function withoutDots(path: string): string {
  let kept = "";
  for (let start = 0; start < path.length;) {
    const slash = path.indexOf("/", start + 1);
    const end = slash === -1 ? path.length : slash;
    const segment = path.slice(start, end);
    if (segment === "/..") kept = kept.slice(0, Math.max(0, kept.lastIndexOf("/")));
    else if (segment !== "/.") kept += segment;
    // A dot segment at the end names the directory it is in.
    if (slash === -1 && (segment === "/.." || segment === "/.")) kept += "/";
    start = end;
  }
  return kept;
}
