/** Splits list-valued fields (RFC 9110 section 5.6.1) without being fooled by commas in quoted strings. */

/** A token as RFC 9110 section 5.6.2 defines it. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** One line's members, and whether a quoted string did not end where it should have. */
export interface FieldList {
  readonly members: readonly string[];
  readonly malformed: boolean;
}

/**
 * Splits at commas outside quoted strings; members are trimmed and empty ones dropped. Where a quoted string never
 * ends, or something follows it, quotes are taken as commas, so that nothing hides between them.
 */
export function splitList(value: string): FieldList {
  if (!value.includes('"')) return { members: plainMembers(value), malformed: false };
  const members: string[] = [];
  let start = 0;
  let at = 0;
  while (at < value.length) {
    const char = value[at];
    if (char === '"') {
      const end = endOfQuoted(value, at);
      if (end === -1 || !/^[ \t]*(?:,|$)/.test(value.slice(end + 1))) {
        const rest = plainMembers(value.slice(start).replaceAll('"', ","));
        return { members: [...members, ...rest], malformed: true };
      }
      at = end;
    } else if (char === ",") {
      const member = trimOws(value.slice(start, at));
      if (member !== "") members.push(member);
      start = at + 1;
    }
    at += 1;
  }
  const last = trimOws(value.slice(start));
  if (last !== "") members.push(last);
  return { members, malformed: false };
}

/** Index of the quote that ends the quoted string opened at `open`, or -1. */
function endOfQuoted(value: string, open: number): number {
  for (let at = open + 1; at < value.length; at += 1) {
    if (value[at] === "\\") at += 1;
    else if (value[at] === '"') return at;
  }
  return -1;
}

/** The content of a quoted string, or the text itself when it has no quotes. */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}

/** Members of a list of plain tokens, lower-cased: what `Vary` and `Connection` carry. */
export function tokenList(value: string | null): string[] {
  if (value === null) return [];
  return plainMembers(value).map((member) => member.toLowerCase());
}

/** Optional white space is space and tab (RFC 9110 section 5.6.3), not all that `trim` takes. */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start += 1;
  while (end > start && isOws(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isOws(char: number): boolean {
  return char === 0x20 || char === 0x09;
}

function plainMembers(value: string): string[] {
  const members: string[] = [];
  for (let start = 0; start <= value.length;) {
    const comma = value.indexOf(",", start);
    const end = comma === -1 ? value.length : comma;
    const member = trimOws(value.slice(start, end));
    if (member !== "") members.push(member);
    start = end + 1;
  }
  return members;
}
