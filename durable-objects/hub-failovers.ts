/** The part of a hub that notes who serves each service in its region, and when that changed. */
import type { Overlay } from "../src/agreement/overlay.ts";
import type { OriginId, OriginReading } from "../src/agreement/protocol.ts";
import type { Config } from "../src/config/schema.ts";
import { refusalBy } from "../src/steering/origin-state.ts";
import {
  servedBy,
  whyServedBy,
  type Failover,
  type FailoverLog,
  type Known,
  type Serving,
} from "../src/steering/serving.ts";
import { logError } from "../src/telemetry/log.ts";
import type { OriginStore } from "./hub-origins.ts";

/** Failovers that are kept. */
const KEPT = 100;

const STORED = "failovers";

const NONE: FailoverLog = { serving: {}, failovers: [] };
const FROM_THE_START: Serving = { by: "primaries", sinceMs: 0, failovers: 0 };

export class HubFailovers {
  readonly #store: OriginStore;
  #log: FailoverLog;

  constructor(store: OriginStore) {
    this.#store = store;
    this.#log = store.get<FailoverLog>(STORED) ?? NONE;
  }

  get log(): FailoverLog {
    return this.#log;
  }

  /**
   * Looks who serves; what changed is noted and stored.
   *
   * @param readings what isolates are told of every origin
   */
  look(
    overlay: Pick<Overlay, "config" | "administrative" | "weights">,
    readings: ReadonlyMap<OriginId, OriginReading>,
    nowMs: number,
  ): void {
    const weights = new Map(originsOf(overlay.config).map(({ id, weight }) => [id, overlay.weights.get(id) ?? weight]));
    const known = (id: OriginId): Known => ({
      refusal: refusalBy(overlay.administrative.get(id) ?? "enabled", readings.get(id)),
      weight: weights.get(id) ?? 0,
    });
    for (const [name, service] of Object.entries(overlay.config.services)) {
      const before = this.#log.serving[name] ?? FROM_THE_START;
      const by = servedBy(service, known);
      if (by === before.by) continue;
      const reason = whyServedBy(service, known, before.by, by);
      this.#note({ atMs: nowMs, service: name, from: before.by, to: by, reason }, before.failovers + 1);
    }
  }

  #note(failover: Failover, failovers: number): void {
    const { service, to, atMs } = failover;
    this.#log = {
      serving: { ...this.#log.serving, [service]: { by: to, sinceMs: atMs, failovers } },
      failovers: [...this.#log.failovers, failover].slice(-KEPT),
    };
    try {
      this.#store.put(STORED, this.#log);
    } catch (error) {
      // It holds in memory, and is stored with the next one: no sync may fail for a log.
      logError("hub: the log of failovers not stored", error);
    }
  }
}

function originsOf({ services }: Config) {
  return Object.values(services).flatMap(({ pools }) => Object.values(pools).flatMap(({ origins }) => origins));
}
