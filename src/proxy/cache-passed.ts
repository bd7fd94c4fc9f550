/** An origin's answer on its way to the client that asked for it, as the cache lets it pass. */
import { browserCacheControl } from "../cache/browser-ttl.ts";
import { TARGETED_FIELDS } from "../cache/cache-control.ts";
import { cacheStatusText, type CacheStatus } from "../cache/cache-status.ts";
import { freshForMs } from "../cache/freshness.ts";
import type { Derived } from "./cache-plan.ts";
import type { Turn } from "./cache-turn.ts";

/**
 * @param derived what was worked out for storing it; null when it is not stored
 */
export function passedOn(
  turn: Turn,
  response: Response,
  body: ReadableStream<Uint8Array> | null,
  status: CacheStatus,
  derived: Derived | null,
): Response {
  const passed = new Response(body, response);
  const { headers } = passed;
  headers.delete(TARGETED_FIELDS[0]);
  for (const name of turn.rule.tagsFrom) headers.delete(name);
  if (derived === null) {
    headers.append("Cache-Status", cacheStatusText(status));
    return passed;
  }
  const nowMs = Date.now();
  const ageSeconds = Math.floor(derived.policy.initialAgeMs / 1000);
  if (ageSeconds > 0) headers.set("Age", String(ageSeconds));
  else headers.delete("Age");
  const ttlSeconds = Math.floor(freshForMs(derived.policy, nowMs) / 1000);
  headers.append("Cache-Status", cacheStatusText({ ttlSeconds, key: turn.key.target, ...status }));
  const { browserTtlSeconds } = turn.rule;
  if (browserTtlSeconds !== undefined) {
    headers.set("Cache-Control", browserCacheControl(headers.get("Cache-Control"), browserTtlSeconds, ageSeconds));
    headers.delete("Expires");
  }
  return passed;
}
