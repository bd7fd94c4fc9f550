/** Conditional requests against a stored response, and the ones the cache makes itself (RFC 9110 section 13, RFC 9111 section 4.3). */
import { splitList } from "./field-list.ts";
import { fieldOf, type FieldPairs } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";

/** An entity tag: its opaque part and whether it is weak. */
export interface EntityTag {
  readonly opaque: string;
  readonly weak: boolean;
}

/** Reads an entity tag; one without its quotes is read as if it had them, as servers that forget them mean it. */
export function parseEntityTag(text: string): EntityTag {
  const weak = text.startsWith("W/");
  const tag = weak ? text.slice(2) : text;
  return { weak, opaque: /^".*"$/s.test(tag) ? tag : `"${tag}"` };
}

/** Weak comparison (RFC 9110 section 8.8.3.2). */
export function weaklyEqual(a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque;
}

/** Strong comparison (RFC 9110 section 8.8.3.2). */
export function stronglyEqual(a: EntityTag, b: EntityTag): boolean {
  return !a.weak && !b.weak && a.opaque === b.opaque;
}

/** A request's preconditions, as field values. */
export interface Preconditions {
  readonly ifNoneMatch: string | null;
  readonly ifModifiedSince: string | null;
}

/**
 * Whether the client already has the stored response, so that 304 answers it (RFC 9111 section 4.3.2).
 *
 * @param fields     the stored response's fields
 * @param receivedMs when it came, used where it has neither `Last-Modified` nor `Date`
 * @param nowMs      reads two-digit years
 */
export function isNotModified(
  preconditions: Preconditions,
  fields: FieldPairs,
  receivedMs: number,
  nowMs: number,
): boolean {
  if (preconditions.ifNoneMatch !== null) {
    if (preconditions.ifNoneMatch.trim() === "*") return true;
    const stored = fieldOf(fields, "etag");
    if (stored === null) return false;
    const tag = parseEntityTag(stored);
    return splitList(preconditions.ifNoneMatch).members.some((member) => weaklyEqual(parseEntityTag(member), tag));
  }
  const since = parseHttpDate(preconditions.ifModifiedSince, nowMs);
  if (since === null) return false;
  const modified =
    parseHttpDate(fieldOf(fields, "last-modified"), nowMs) ??
    parseHttpDate(fieldOf(fields, "date"), nowMs) ??
    receivedMs;
  return modified <= since;
}

/** Whether a response can be validated later. */
export function hasValidator(fields: FieldPairs): boolean {
  return fieldOf(fields, "etag") !== null || fieldOf(fields, "last-modified") !== null;
}

/**
 * The conditional fields that validate stored responses (RFC 9111 section 4.3.1): their entity tags, and the
 * modification date where there is one response to validate.
 */
export function validationFields(stored: readonly FieldPairs[]): [string, string][] {
  const tags = [...new Set(stored.map((fields) => fieldOf(fields, "etag")).filter((tag) => tag !== null))];
  const conditions: [string, string][] = [];
  if (tags.length > 0) conditions.push(["if-none-match", tags.map(wellFormedTag).join(", ")]);
  const modified = stored.length === 1 ? fieldOf(stored[0]!, "last-modified") : null;
  if (modified !== null) conditions.push(["if-modified-since", modified]);
  return conditions;
}

/** An entity tag list with quotes where a sender forgot them; `*` and well-formed ones as they are. */
export function wellFormedTags(list: string): string {
  if (/^(?:W\/)?"[^"]*"$|^\*$/.test(list)) return list;
  return splitList(list).members.map(wellFormedTag).join(", ");
}

function wellFormedTag(tag: string): string {
  // Something that carries a quote is malformed in a way only its author can compare.
  return tag === "*" || tag.includes('"') ? tag : `"${tag}"`;
}
