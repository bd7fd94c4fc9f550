/** When registered origins were last heard of. In memory: a heartbeat costs no row, and a restart one TTL of grace. */
import type { Heartbeats } from "../src/agreement/expiry.ts";
import type { Override } from "../src/agreement/override.ts";
import type { OriginId } from "../src/agreement/protocol.ts";

export class HeartbeatBook implements Heartbeats {
  readonly heardMs = new Map<OriginId, number>();
  readonly sinceMs: number;

  /** @param sinceMs when the memory began, ms since the epoch */
  constructor(sinceMs: number) {
    this.sinceMs = sinceMs;
  }

  /** Notes that origins which have just been registered are there, and forgets those that have gone. */
  heard(entries: readonly { readonly key: string; readonly value: unknown }[], nowMs: number): void {
    for (const { key, value } of entries) {
      if (!key.startsWith("registration/")) continue;
      const origin = key.slice("registration/".length);
      if (value === null) this.heardMs.delete(origin);
      else this.heardMs.set(origin, nowMs);
    }
  }

  /** @returns those of `origins` that are registered with a heartbeat */
  beat(overrides: ReadonlyMap<string, Override>, origins: readonly OriginId[], nowMs: number): OriginId[] {
    return origins.filter((origin) => {
      const override = overrides.get(`registration/${origin}`);
      if (override?.kind !== "registration" || override.ttlSeconds === null) return false;
      this.heardMs.set(origin, nowMs);
      return true;
    });
  }
}
