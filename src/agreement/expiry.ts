/** Which overrides time has ended: those with an expiry, and registered origins whose heartbeat stopped. */
import { expiryOf, type Override } from "./override.ts";

/** When registered origins were last heard of, ms since the epoch, by origin id. Lives in memory. */
export interface Heartbeats {
  readonly heardMs: ReadonlyMap<string, number>;
  /** Who has not been heard of since then gets one TTL of grace from it: what came before was forgotten. */
  readonly sinceMs: number;
}

/** When time ends an override, ms since the epoch; Infinity: never. */
function endOf(override: Override, { heardMs, sinceMs }: Heartbeats): number {
  if (override.kind !== "registration" || override.ttlSeconds === null) return expiryOf(override);
  const heard = heardMs.get(override.origin.id) ?? sinceMs;
  return Math.min(expiryOf(override), heard + override.ttlSeconds * 1000);
}

export interface Expiry {
  /** Keys of overrides that are over, and of those that were about an origin that has gone. */
  readonly ended: readonly string[];
  /** When to look again, ms since the epoch; Infinity: not before something changes. */
  readonly nextMs: number;
}

export function expiry(overrides: ReadonlyMap<string, Override>, beats: Heartbeats, nowMs: number): Expiry {
  const ended = new Set<string>();
  const gone = new Set<string>();
  for (const [key, override] of overrides) {
    if (endOf(override, beats) > nowMs) continue;
    ended.add(key);
    if (override.kind === "registration") gone.add(override.origin.id);
  }
  let nextMs = Infinity;
  for (const [key, override] of overrides) {
    if ("origin" in override && typeof override.origin === "string" && gone.has(override.origin)) ended.add(key);
    if (!ended.has(key)) nextMs = Math.min(nextMs, endOf(override, beats));
  }
  return { ended: [...ended], nextMs };
}
