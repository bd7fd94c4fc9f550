/** What tells a request's session apart: where it is looked for, and what is too long to be one. */
import type { AffinityConfig } from "../config/affinity.ts";
import { keyOf, type KeyFacts } from "../steering/hash-key.ts";

/** Keys are remembered and stored; what is longer names no session, UTF-16 code units. */
export const MAX_KEY_LENGTH = 512;

/** Whether a mode keeps its sessions in a cookie. */
export function usesCookie({ mode }: Pick<AffinityConfig, "mode">): boolean {
  return mode === "cookie" || mode === "ip-cookie";
}

/** Where the key of a bound session is found, as `keyOf` writes it; null: sessions are told apart by the cookie alone. */
export function keySource({ mode, name, claim }: AffinityConfig): string | null {
  switch (mode) {
    case "ip":
    case "ip-cookie":
      return "ip";
    case "header":
      return `header:${name ?? ""}`;
    case "query":
      return `query:${name ?? ""}`;
    case "jwt":
      return `jwt:${claim}`;
    default:
      return null;
  }
}

/** The session's key, or null when the request has none that can be one. */
export function sessionKeyOf(source: string, facts: KeyFacts): string | null {
  const key = keyOf(source, facts);
  return key === null || key === "" || key.length > MAX_KEY_LENGTH ? null : key;
}
