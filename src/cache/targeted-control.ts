/** Reads targeted cache-control fields (RFC 9213): a Structured Fields dictionary (RFC 9651), all of it or nothing. */
import type { Directives } from "./cache-control.ts";
import { splitList, TOKEN } from "./field-list.ts";

const KEY = /^[a-zA-Z*][a-zA-Z0-9_.*-]*/; // upper case is not valid but common, and harmless: directives have no case
const INTEGER = /^-?\d{1,15}(?![\d.])/;
const DECIMAL = /^-?\d{1,12}\.\d{1,3}(?!\d)/;
const STRING = /^"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/;
const SF_TOKEN = /^[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/;
const BYTES = /^:[A-Za-z0-9+/=]*:/;
const BOOLEAN = /^\?[01]/;
const PARAMETER = /^; *([a-z*][a-z0-9_.*-]*)/;

const SECONDS = new Set(["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"]);

/**
 * Reads a targeted field.
 *
 * @returns null when the value is empty, is not a dictionary, or gives a directive counted in seconds something other
 *   than a non-negative integer; the field is then ignored (RFC 9213 section 2.1)
 */
export function parseTargeted(value: string): Directives | null {
  const values = new Map<string, string | true>();
  const qualified = new Set<string>();
  let rest = value.replace(/^ +| +$/g, "");
  if (rest === "") return null;
  for (;;) {
    const key = KEY.exec(rest)?.[0];
    if (key === undefined) return null;
    rest = rest.slice(key.length);
    let item: Item = { kind: "boolean", text: "?1" };
    if (rest.startsWith("=")) {
      const read = readItem(rest.slice(1));
      if (read === null) return null;
      [item, rest] = read;
    }
    const afterParameters = skipParameters(rest);
    if (afterParameters === null) return null;
    rest = afterParameters;
    if (!take(key.toLowerCase(), item, values, qualified)) return null;
    rest = rest.replace(/^[ \t]+/, "");
    if (rest === "") return { values, qualified, malformed: false };
    if (!rest.startsWith(",")) return null;
    rest = rest.slice(1).replace(/^[ \t]+/, "");
    if (rest === "") return null; // a trailing comma
  }
}

const RESTRICTIONS = new Set(["no-cache", "no-store", "private"]);

interface Item {
  readonly kind: "integer" | "decimal" | "string" | "token" | "bytes" | "boolean";
  readonly text: string;
}

/** Later members replace earlier ones of the same key (RFC 9651 section 3.2). */
function take(name: string, item: Item, values: Map<string, string | true>, qualified: Set<string>): boolean {
  // What restricts stays, whatever follows it.
  if (!RESTRICTIONS.has(name)) values.delete(name);
  if (SECONDS.has(name) && (item.kind !== "integer" || item.text.startsWith("-"))) return false;
  if (item.text === "?0") return true;
  if (item.text === "?1") values.set(name, true);
  else if ((name === "no-cache" || name === "private") && item.kind === "string") {
    const fields = splitList(item.text.slice(1, -1)).members.map((field) => field.toLowerCase());
    if (fields.length > 0 && fields.every((field) => TOKEN.test(field)))
      for (const field of fields) qualified.add(field);
    else values.set(name, true);
  } else values.set(name, RESTRICTIONS.has(name) ? true : item.text);
  return true;
}

const ITEMS: readonly [Item["kind"], RegExp][] = [
  ["decimal", DECIMAL],
  ["integer", INTEGER],
  ["string", STRING],
  ["token", SF_TOKEN],
  ["bytes", BYTES],
  ["boolean", BOOLEAN],
];

function readItem(rest: string): [Item, string] | null {
  for (const [kind, pattern] of ITEMS) {
    const text = pattern.exec(rest)?.[0];
    if (text !== undefined) return [{ kind, text }, rest.slice(text.length)];
  }
  return null;
}

function skipParameters(text: string): string | null {
  let rest = text;
  for (;;) {
    const parameter = PARAMETER.exec(rest);
    if (parameter === null) return rest.startsWith(";") ? null : rest;
    rest = rest.slice(parameter[0].length);
    if (!rest.startsWith("=")) continue;
    const read = readItem(rest.slice(1));
    if (read === null) return null;
    rest = read[1];
  }
}
