/** Which `RateLimiter` holds a key of a limit: the text whose digest (config/digest.ts) is the object's name. */
import type { RateLimitConfig } from "../config/rate-limits.ts";

/** What shares an object must count alike: another window or algorithm is another object. */
export function limiterScope(
  service: string,
  { name, algorithm, windowSeconds }: Pick<RateLimitConfig, "name" | "algorithm" | "windowSeconds">,
): string {
  return [service, name, algorithm, windowSeconds].join("\u0000");
}

/**
 * The text to be digested.
 *
 * @param key what `keyReader` reads from a request, or `keyFor` makes of what an operator typed
 */
export function limiterText(scope: string, key: string): string {
  return `${scope}\u0000${key}`;
}
