/** Purge tags in response fields: `Cache-Tag` separates them by commas, `Surrogate-Key` by spaces; either is taken. */

/** More are not indexed; Fastly and Cloudflare stop at 16 KiB of field. */
const MAX_TAGS = 1000;

/**
 * The tags of a response, in lower case (as Cloudflare compares them), without repeats.
 *
 * @param names fields to read
 */
export function tagsOf(names: readonly string[], field: (name: string) => string | null): string[] {
  const tags = new Set<string>();
  for (const name of names) {
    for (const tag of (field(name) ?? "").split(/[\s,]+/)) {
      if (tag !== "" && tags.size < MAX_TAGS) tags.add(tag.toLowerCase());
    }
  }
  return [...tags];
}
