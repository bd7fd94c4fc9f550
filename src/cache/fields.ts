/** Which response fields a cache may keep (RFC 9111 section 3.1) and which belong to one connection or one client. */
import { tokenList } from "./field-list.ts";

/** A response's fields in order, names in lower case. */
export type FieldPairs = readonly (readonly [name: string, value: string])[];

const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Fields this cache writes itself. */
const OWN = new Set(["age", "cache-status", "warning"]);

/**
 * The fields to keep of a response.
 *
 * @param pairs     its fields
 * @param qualified names listed by `no-cache="..."` or `private="..."`: they must not be reused (RFC 9111 5.2.2.4, .7)
 * @param dropped   further names to leave out, lower case
 */
export function storableFields(
  pairs: Iterable<readonly [string, string]>,
  qualified: ReadonlySet<string>,
  dropped: ReadonlySet<string>,
): [string, string][] {
  const all = [...pairs].map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const nominated = new Set(all.filter(([name]) => name === "connection").flatMap(([, value]) => tokenList(value)));
  return all.filter(
    ([name]) =>
      !HOP_BY_HOP.has(name) &&
      !OWN.has(name) &&
      name !== "set-cookie" && // a cookie is for the client it was set for, whoever else may have the body
      !nominated.has(name) &&
      !qualified.has(name) &&
      !dropped.has(name),
  );
}

/** The value of a field, its lines joined; null when absent. */
export function fieldOf(pairs: FieldPairs, name: string): string | null {
  let value: string | null = null;
  for (const pair of pairs) if (pair[0] === name) value = value === null ? pair[1] : `${value}, ${pair[1]}`;
  return value;
}
