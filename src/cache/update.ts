/** How newer responses update stored ones: 304 (RFC 9111 section 4.3.4) and HEAD (section 4.3.5). */
import { parseEntityTag, stronglyEqual, weaklyEqual } from "./conditional.ts";
import type { ExchangeTimes } from "./age.ts";
import { controlOf } from "./cache-control.ts";
import { fieldOf, storableFields, type FieldPairs } from "./fields.ts";
import type { StoredResponse } from "./stored-response.ts";

/** The response that brings news, with the epoch its request began under. */
export interface News {
  readonly fields: FieldPairs;
  readonly times: ExchangeTimes;
  readonly epoch: number;
}

/** Codings a runtime undoes or redoes: the stored bytes depend on the field, so it stays as stored. */
const PROCESSED_CODINGS = new Set(["gzip", "x-gzip", "br", "deflate", "zstd"]);

/**
 * Picks the stored response that a 304 confirms: the one with the validator it names; where it names none, the only one
 * there is. One that names another is about bytes that are not here, and must not lend them its name (RFC 9111 section
 * 4.3.4): the next range or condition would be answered wrongly.
 *
 * @returns null when it confirms none of them and must not update any
 */
export function confirmedBy<T extends { readonly stored: StoredResponse }>(
  notModified: FieldPairs,
  candidates: readonly T[],
): T | null {
  const etag = fieldOf(notModified, "etag");
  if (etag !== null) {
    const tag = parseEntityTag(etag);
    const named = (equal: typeof weaklyEqual) =>
      candidates.find(({ stored }) => {
        const own = fieldOf(stored.fields, "etag");
        return own !== null && equal(parseEntityTag(own), tag);
      });
    return named(stronglyEqual) ?? named(weaklyEqual) ?? unnamed(candidates, "etag");
  }
  const modified = fieldOf(notModified, "last-modified");
  if (modified !== null) {
    const named = candidates.find(({ stored }) => fieldOf(stored.fields, "last-modified") === modified);
    return named ?? unnamed(candidates, "last-modified");
  }
  return candidates.length === 1 ? candidates[0]! : null;
}

/** The only response there is, if it has no such validator that the 304 could have named. */
function unnamed<T extends { readonly stored: StoredResponse }>(candidates: readonly T[], name: string): T | null {
  const [only] = candidates;
  return candidates.length === 1 && fieldOf(only!.stored.fields, name) === null ? only! : null;
}

/**
 * A stored response with the fields of newer ones laid over it (RFC 9111 section 3.2). Its bytes stay, so the fields
 * that describe them as bytes stay too.
 */
export function updated(stored: StoredResponse, news: News): StoredResponse {
  const control = controlOf((name) => fieldOf(news.fields, name));
  const fresh = storableFields(news.fields, control.qualified, new Set(["content-length"])).filter(
    ([name, value]) => name !== "content-encoding" || !isProcessed(value, fieldOf(stored.fields, "content-encoding")),
  );
  const names = new Set(fresh.map(([name]) => name));
  const kept = stored.fields.filter(([name]) => !names.has(name) && !control.qualified.has(name));
  return {
    ...stored,
    fields: [...kept, ...fresh],
    times: news.times,
    initialAge: fieldOf(news.fields, "age"),
    epoch: news.epoch,
  };
}

/**
 * Whether a 200 to HEAD is about the same bytes as a stored response, which it then updates; if not, the stored one is
 * out of date (RFC 9111 section 4.3.5).
 */
export function describesSame(head: FieldPairs, stored: FieldPairs): boolean {
  return ["etag", "last-modified", "content-length"].every((name) => {
    const told = fieldOf(head, name);
    const known = fieldOf(stored, name);
    return told === null || known === null || told === known;
  });
}

function isProcessed(news: string, stored: string | null): boolean {
  return PROCESSED_CODINGS.has(news.toLowerCase()) || PROCESSED_CODINGS.has((stored ?? "").toLowerCase());
}
