/** Answers byte ranges from stored bodies, whole or partial (RFC 9110 section 14, RFC 9111 section 3.3). */
import { parseEntityTag, stronglyEqual } from "./conditional.ts";
import { fieldOf, type FieldPairs } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";

/** Which bytes of a representation a stored body is; `complete` null where the origin did not say. */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly complete: number | null;
}

/** What a `Range` asks for: one range of a known shape, or something this cache answers with the whole. */
export type RangeRequest =
  | { readonly kind: "none" }
  | { readonly kind: "from"; readonly first: number; readonly last: number | null }
  | { readonly kind: "suffix"; readonly length: number };

/** Reads `Range`. Other units, several ranges and malformed ones are ignored, as RFC 9110 section 14.2 allows. */
export function parseRange(value: string | null): RangeRequest {
  if (value === null) return { kind: "none" };
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(value);
  if (match === null) return { kind: "none" };
  const [, first = "", last = ""] = match;
  if (first === "") return last === "" ? { kind: "none" } : { kind: "suffix", length: Number(last) };
  if (last !== "" && Number(last) < Number(first)) return { kind: "none" };
  return { kind: "from", first: Number(first), last: last === "" ? null : Number(last) };
}

/** Reads `Content-Range` of a 206 with a single part. */
export function parseContentRange(value: string | null): ContentRange | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(value ?? "");
  if (match === null) return null;
  const [first, last] = [Number(match[1]), Number(match[2])];
  const complete = match[3] === "*" ? null : Number(match[3]);
  return last < first || (complete !== null && last >= complete) ? null : { first, last, complete };
}

/** The part of a stored body that answers a range. */
export type RangeAnswer =
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly range: ContentRange; readonly offset: number; readonly length: number }
  | { readonly kind: "unsatisfiable"; readonly complete: number }
  /** The stored part does not have the bytes. */
  | { readonly kind: "absent" };

/**
 * Picks the bytes that answer a range. A stored part was received whole by its framing; where its `Content-Range`
 * claims another size, positions count from its front and suffixes from its end, and no more is given than is there.
 *
 * @param range     what is asked for
 * @param sizeBytes bytes in the stored body
 * @param stored    which part of the representation they are; null: all of it
 */
export function answerRange(range: RangeRequest, sizeBytes: number, stored: ContentRange | null): RangeAnswer {
  if (range.kind === "none") return stored === null ? { kind: "whole" } : { kind: "absent" };
  const held = stored ?? { first: 0, last: sizeBytes - 1, complete: sizeBytes };
  const { complete } = held;
  if (range.kind === "suffix") {
    if (complete === null) return { kind: "absent" };
    if (range.length === 0 || complete === 0) return { kind: "unsatisfiable", complete };
    const length = Math.min(range.length, complete);
    if (held.last !== complete - 1 || length > sizeBytes) return { kind: "absent" };
    return part(complete - length, length, sizeBytes - length, complete);
  }
  if (complete !== null && range.first >= complete) return { kind: "unsatisfiable", complete };
  if (complete === null && range.last === null) return { kind: "absent" };
  const last = Math.min(range.last ?? Number.POSITIVE_INFINITY, (complete ?? Number.POSITIVE_INFINITY) - 1);
  const offset = range.first - held.first;
  if (offset < 0 || last > held.last || offset >= sizeBytes) return { kind: "absent" };
  return part(range.first, Math.min(last - range.first + 1, sizeBytes - offset), offset, complete);
}

function part(first: number, length: number, offset: number, complete: number | null): RangeAnswer {
  return { kind: "part", range: { first, last: first + length - 1, complete }, offset, length };
}

/**
 * Whether a range may be answered by part: there is no `If-Range`, or it names this very representation by a strong
 * validator (RFC 9110 section 13.1.5).
 */
export function ifRangeHolds(ifRange: string | null, fields: FieldPairs, nowMs: number): boolean {
  if (ifRange === null) return true;
  if (/^(?:W\/)?"/.test(ifRange)) {
    const etag = fieldOf(fields, "etag");
    return etag !== null && stronglyEqual(parseEntityTag(ifRange), parseEntityTag(etag));
  }
  const wanted = parseHttpDate(ifRange, nowMs);
  const modified = parseHttpDate(fieldOf(fields, "last-modified"), nowMs);
  const date = parseHttpDate(fieldOf(fields, "date"), nowMs);
  // A date is strong only when the response came at least a minute after it (RFC 9110 section 8.8.2.2).
  return wanted !== null && modified === wanted && date !== null && date - modified >= 60_000;
}

/** `Content-Range` of a part. */
export function contentRangeText(range: ContentRange): string {
  return `bytes ${range.first}-${range.last}/${range.complete ?? "*"}`;
}
