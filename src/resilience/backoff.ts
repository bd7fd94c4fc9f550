/**
 * How long to wait before a retry: exponential with full jitter.
 *
 *     wait = random * min(maxMs, baseMs * multiplier^(retry - 1))
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
import type { BackoffConfig } from "../config/retry.ts";

/**
 * @param retry  1 for the first retry
 * @param random uniform in [0, 1)
 * @returns ms
 */
export function backoffMs(config: BackoffConfig, retry: number, random: () => number): number {
  const longestMs = Math.min(config.maxMs, config.baseMs * config.multiplier ** (retry - 1));
  return config.jitter === "full" ? random() * longestMs : longestMs;
}
