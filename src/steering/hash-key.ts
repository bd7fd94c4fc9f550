/** The key by which a request is steered to always the same place: found in the request, hashed, worked out when asked. */
import { cookieValue } from "./cookie-value.ts";
import { hashText } from "./hash.ts";

/** What keys are taken from. */
export interface KeyFacts {
  readonly headers: { get(name: string): string | null };
  /** Path and query as they came. */
  readonly target: string;
  readonly clientAddress: string | null;
}

/**
 * The hash of a request's key.
 *
 * A request without the key falls back to the client's address, and without that to one hash for all: whoever sends no
 * session header is still somebody.
 *
 * @param key `ip`, `path`, `header:<name>`, `cookie:<name>`, `query:<name>` or `jwt:<claim>`
 */
export function hashOfKey(key: string, facts: KeyFacts): number {
  return hashText(keyOf(key, facts) ?? facts.clientAddress ?? "");
}

/** The key itself, or null when the request has none. */
export function keyOf(key: string, { headers, target, clientAddress }: KeyFacts): string | null {
  const colon = key.indexOf(":");
  const name = key.slice(colon + 1);
  switch (colon === -1 ? key : key.slice(0, colon)) {
    case "header":
      return headers.get(name);
    case "cookie":
      return cookieValue(headers.get("Cookie"), name);
    case "query":
      return new URLSearchParams(target.split("?", 2)[1] ?? "").get(name);
    case "jwt":
      return claim(headers.get("Authorization"), name);
    case "path":
      return target.split("?", 1)[0]!;
    default:
      return clientAddress;
  }
}

/** A claim of the bearer token's payload (RFC 7519 section 3). Not verified: a forged one steers its sender only. */
function claim(authorization: string | null, name: string): string | null {
  const payload = /^bearer +[\w-]+\.([\w-]+)\.[\w-]*$/i.exec(authorization ?? "")?.[1];
  if (payload === undefined) return null;
  try {
    // Read as bytes, not as UTF-8: it is hashed, never shown.
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    const value: unknown = typeof claims === "object" && claims !== null ? Reflect.get(claims, name) : undefined;
    return typeof value === "string" || typeof value === "number" ? String(value) : null;
  } catch {
    return null;
  }
}
