/** How long clients may keep an answer, where a rule says so instead of the origin. */

/** Directives that mean something to a browser besides a lifetime, and are kept. */
const KEPT = /^(?:public|must-revalidate|immutable|no-transform)$/i;

/** What is not for keeping is not made so: the origin's word stands. */
const FORBIDS = /(?:^|[\s,])(?:no-store|private)(?:$|[\s,=])/i;

/**
 * `Cache-Control` for clients. Their clock starts at `Age`, so the age is added: an answer that has been here for an
 * hour still stays with the client for the whole of its time.
 *
 * @param original   the origin's `Cache-Control`
 * @param ageSeconds what `Age` will say
 */
export function browserCacheControl(original: string | null, browserTtlSeconds: number, ageSeconds: number): string {
  if (original === null) return `max-age=${browserTtlSeconds + ageSeconds}`;
  if (FORBIDS.test(original)) return original;
  const kept = original
    .split(",")
    .map((directive) => directive.trim())
    .filter((directive) => KEPT.test(directive));
  return [...kept, `max-age=${browserTtlSeconds + ageSeconds}`].join(", ");
}
