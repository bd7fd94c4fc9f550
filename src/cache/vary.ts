/** Whether a stored response fits the request fields its `Vary` names (RFC 9111 section 4.1). */
import { splitList, TOKEN, tokenList, trimOws } from "./field-list.ts";

/** What a stored response was selected by: field names (sorted, lower case) and the normalised values asked with. */
export type Selection = readonly (readonly [name: string, value: string | null])[];

/** Reads a request field, null when absent. */
export type RequestField = (name: string) => string | null;

/**
 * The names in `Vary`, sorted and without repeats; `"*"` when nothing the cache sees can select the response, as when
 * what is named there is no field (and asking a `Headers` for it would throw).
 */
export function varyNames(vary: string | null): readonly string[] | "*" {
  if (vary === null) return [];
  const names = tokenList(vary);
  return names.some((name) => name === "*" || !TOKEN.test(name)) ? "*" : [...new Set(names)].toSorted();
}

/** What a request says in the named fields. */
export function selectionOf(names: readonly string[], field: RequestField): Selection {
  return names.map((name) => [name, normalise(name, field(name))] as const);
}

/**
 * Whether a request selects a stored response: every named field is equal after normalisation. For `Accept-Language`
 * it is also enough that the stored response is in the one language the client wants most; no origin has a better one.
 *
 * @param contentLanguage the stored response's `Content-Language`
 */
export function selects(selection: Selection, contentLanguage: string | null, field: RequestField): boolean {
  return selection.every(([name, value]) => {
    const presented = field(name);
    // What is normal stays as it is.
    if (presented === value || normalise(name, presented) === value) return true;
    return name === "accept-language" && presented !== null && isFirstChoice(contentLanguage, presented);
  });
}

/** A selection as text, for keys: an absent field has no `=`, and values are encoded, so none passes for two. */
export function selectionText(selection: Selection): string {
  return selection
    .map(([name, value]) => (value === null ? name : `${name}=${encodeURIComponent(value.toWellFormed())}`))
    .join("&");
}

function normalise(name: string, value: string | null): string | null {
  if (value === null) return null;
  if (name === "accept-encoding") return knownEncodings(value);
  if (name === "accept-language")
    return weighted(value)
      .map(([range, q]) => (q === 1 ? range : `${range};q=${q}`))
      .join(",");
  return commaSpacing(value);
}

/** Reduced before: few spellings are in use, and every hit of a response that varies asks again. */
const reduced = new Map<string, string>();
const MAX_REDUCED = 100;
const MAX_REDUCED_LENGTH = 128;

function knownEncodings(value: string): string {
  const known = reduced.get(value);
  if (known !== undefined) return known;
  const codings = acceptEncoding(value);
  if (value.length > MAX_REDUCED_LENGTH) return codings;
  if (reduced.size >= MAX_REDUCED) reduced.clear();
  reduced.set(value, codings);
  return codings;
}

const CODINGS = ["br", "gzip", "zstd", "deflate"];

/** What is said in another way, or by itself. */
const REDUCED: ReadonlySet<string> = new Set([...CODINGS, "x-gzip", "identity", "*"]);

/**
 * Reduces `Accept-Encoding` to one spelling of the codings accepted, so that browsers' many spellings share variants.
 * Weights among them are dropped: an origin picks by its own preference, and any it picks was acceptable. Rare codings
 * stay: who does not name one could not read it.
 */
function acceptEncoding(value: string): string {
  const weights = new Map<string, number>();
  for (const member of splitList(value).members) {
    const [coding, q] = weightOf(member);
    weights.set(coding, Math.min(q, weights.get(coding) ?? 1));
  }
  const any = weights.get("*");
  const others = [...weights.keys()].filter((coding) => !REDUCED.has(coding) && TOKEN.test(coding)).toSorted();
  const accepted = [...CODINGS, ...others]
    .filter(
      (coding) => (weights.get(coding) ?? (coding === "gzip" ? weights.get("x-gzip") : undefined) ?? any ?? 0) > 0,
    )
    .join(",");
  const identity = weights.get("identity") ?? (any === 0 ? 0 : 1);
  return identity === 0 ? `${accepted},identity;q=0` : accepted;
}

/** RFC 4647 section 2.1, loosely: what else stands there names no language. */
const LANGUAGE_RANGE = /^[a-z0-9*-]+$/;

/** Members with their weights, heaviest first and then by name: order says nothing where weights are equal. */
function weighted(value: string): [range: string, q: number][] {
  return splitList(value)
    .members.map(weightOf)
    .filter(([range]) => LANGUAGE_RANGE.test(range))
    .toSorted(([a, qa], [b, qb]) => qb - qa || (a < b ? -1 : a > b ? 1 : 0));
}

function weightOf(member: string): [range: string, q: number] {
  if (!member.includes(";")) return [member.toLowerCase(), 1];
  const [range = "", ...parameters] = member.split(";").map(trimOws);
  const q = parameters
    .map((parameter) => /^q=(\d(?:\.\d{0,3})?)$/i.exec(parameter)?.[1])
    .find((text) => text !== undefined);
  return [range.toLowerCase(), q === undefined ? 1 : Math.min(Number(q), 1)];
}

function isFirstChoice(contentLanguage: string | null, acceptLanguage: string): boolean {
  if (contentLanguage === null) return false;
  const [first, second] = weighted(acceptLanguage);
  return first !== undefined && first[1] > (second?.[1] ?? 0) && first[0] === contentLanguage.toLowerCase();
}

/** White space around commas carries no meaning in list fields; inside quoted strings it does, so those stay. */
function commaSpacing(value: string): string {
  return value.includes('"') ? trimOws(value) : value.split(",").map(trimOws).join(",");
}
