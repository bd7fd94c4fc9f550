/** Puts responses into the stores: small ones into memory and the data centre, large ones into the data centre alone. */
import { hasValidator } from "../cache/conditional.ts";
import type { Policy } from "../cache/freshness.ts";
import type { StoredResponse } from "../cache/stored-response.ts";
import type { Derived, Entry } from "./cache-plan.ts";
import type { Landing } from "./cache-flights.ts";
import { passOn, type Sinks } from "./cache-body.ts";
import type { Turn } from "./cache-turn.ts";
import { openRelay } from "./relay.ts";

/** What can be validated is worth keeping for this long after it went stale. */
const VALIDATED_FOR_MS = 86_400_000;

/** Keeps a small entry: in memory at once, in the data centre in the background. */
export function keep(turn: Turn, entry: Entry): void {
  const { cache, key, exchange } = turn;
  cache.memory.put(key, entry);
  if (entry.stored.range !== null) return;
  exchange.context.waitUntil(
    cache.edge.put(key, entry.stored, entry.body, keepForMs(entry.stored, entry.derived.policy)),
  );
}

/**
 * Stores a body while it passes.
 *
 * @param length bytes to come, null when unknown
 * @param sink   `client`: somebody reads `readable`
 * @returns the client's end, and what those who wait will get
 */
export function storeWhilePassing(
  turn: Turn,
  stored: StoredResponse,
  derived: Derived,
  body: ReadableStream<Uint8Array>,
  length: number | null,
  sink: "client" | null,
): { readable: ReadableStream<Uint8Array> | null; landing: Promise<Landing<Entry>> } {
  const { cache, key, rule, exchange } = turn;
  const { maxObjectBytes } = cache.config.memory;
  const client = sink === null ? null : openRelay(length);
  const { promise: whole, resolve: tellWhole } = Promise.withResolvers<number | null>();
  const { promise: landing, resolve: release } = Promise.withResolvers<Landing<Entry>>();
  // Who waits for something too large waits in vain.
  if (length !== null && length > maxObjectBytes) release({ kind: "unshared" });
  const sinks: Sinks = {
    client: client?.writable ?? null,
    collectBytes: maxObjectBytes,
    storeBytes: rule.maxObjectBytes,
    overflow: () => {
      release({ kind: "unshared" });
      if (stored.range !== null || rule.maxObjectBytes <= maxObjectBytes) return null;
      const store = openRelay(length);
      const keptForMs = keepForMs(stored, derived.policy);
      exchange.context.waitUntil(cache.edge.put(key, stored, { stream: store.readable, whole }, keptForMs));
      return store.writable;
    },
  };
  const passing = async () => {
    const passed = await passOn(body, sinks);
    tellWhole(passed.kind === "streamed" ? passed.storedBytes : null);
    if (passed.kind !== "collected" || passed.bytes.byteLength > rule.maxObjectBytes)
      return release({ kind: "unshared" });
    const entry: Entry = { stored, body: passed.bytes, derived };
    keep(turn, entry);
    release({ kind: "stored", entry });
  };
  exchange.context.waitUntil(passing());
  return { readable: client?.readable ?? null, landing };
}

function keepForMs(stored: StoredResponse, policy: Policy): number {
  const staleMs = Math.max(
    policy.staleWhileRevalidateMs,
    policy.staleIfErrorMs,
    hasValidator(stored.fields) ? VALIDATED_FOR_MS : 0,
  );
  return policy.lifetime.ms - policy.freshnessAgeMs + staleMs;
}
