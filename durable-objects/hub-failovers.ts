/** The part of a hub that notes who serves each service in its region, and when that changed. */
import type { Overlay } from "../src/agreement/overlay.ts";
import type { OriginId, OriginReading } from "../src/agreement/protocol.ts";
import { refusalBy } from "../src/steering/origin-state.ts";
import { servedBy, whyServedBy, type Failover, type Known, type Server } from "../src/steering/serving.ts";
import type { OriginStore } from "./hub-origins.ts";

/** Failovers that are kept. */
const KEPT = 100;

const STORED = "failovers";

/** Who serves a service in a region, and since when. */
export interface Serving {
  readonly by: Server;
  /** ms since the epoch; 0: ever since it was first looked at. */
  readonly sinceMs: number;
  /** How often that changed. */
  readonly failovers: number;
}

export interface FailoverLog {
  /** By service; one that is not here has always been served by its primaries. */
  readonly serving: Readonly<Record<string, Serving>>;
  /** The last 100, oldest first. */
  readonly failovers: readonly Failover[];
}

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
    { config, administrative, weights }: Pick<Overlay, "config" | "administrative" | "weights">,
    readings: ReadonlyMap<OriginId, OriginReading>,
    nowMs: number,
  ): void {
    const configured = new Map(
      Object.values(config.services).flatMap(({ pools }) =>
        Object.values(pools).flatMap(({ origins }) => origins.map(({ id, weight }) => [id, weight] as const)),
      ),
    );
    const known = (id: OriginId): Known => ({
      refusal: refusalBy(administrative.get(id) ?? "enabled", readings.get(id)),
      weight: weights.get(id) ?? configured.get(id) ?? 0,
    });
    for (const [name, service] of Object.entries(config.services)) {
      const before = this.#log.serving[name] ?? FROM_THE_START;
      const by = servedBy(service, known);
      if (by === before.by) continue;
      const failover = {
        atMs: nowMs,
        service: name,
        from: before.by,
        to: by,
        reason: whyServedBy(service, known, before.by, by),
      };
      this.#log = {
        serving: { ...this.#log.serving, [name]: { by, sinceMs: nowMs, failovers: before.failovers + 1 } },
        failovers: [...this.#log.failovers, failover].slice(-KEPT),
      };
      this.#store.put(STORED, this.#log);
    }
  }
}
