/** What a request's cookie of a name says. */

/**
 * A cookie's value by exact name (RFC 6265 section 4.2); the first when it is there twice. Of two `Cookie` fields (RFC 9113
 * section 8.2.3) the runtime makes one, with a comma and a space between them.
 */
export function cookieValue(field: string | null, name: string): string | null {
  if (field === null) return null;
  for (const pair of field.split(/;|, /)) {
    const equals = pair.indexOf("=");
    if (equals !== -1 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return null;
}
