/**
 * The part of a hub that is about capacity: how much its region sends to each origin that has one, telling the origin's
 * object, and which share the region keeps there.
 */
import type { BreakerForHubs, HubName, OriginId, OriginMeasure, Report } from "../src/agreement/protocol.ts";
import { HOLD_MS } from "../src/agreement/timing.ts";
import type { OriginSettings } from "../src/config/origin-settings.ts";
import { REGION_LOCATIONS, type Region } from "../src/config/region.ts";
import { ratesNow, takeIsolateLoad, type RegionLoad } from "../src/resilience/region-load.ts";
import { lossMs, type Choice } from "../src/steering/next-best.ts";
import { unitVector, type UnitVector } from "../src/steering/place.ts";
import { hubLoadEveryMs, type WorldLoad } from "../src/steering/world-load.ts";

/** How late a report may come: it goes with an isolate's own. */
const LATE_MS = HOLD_MS;

interface Limited {
  settings: OriginSettings;
  capacity: number;
  readonly load: RegionLoad;
  world: WorldLoad;
  reportedMs: number;
  reporting: boolean;
}

export interface HubLoadsOptions {
  readonly hub: HubName;
  readonly region: Region;
  readonly settings: ReadonlyMap<OriginId, OriginSettings>;
  readonly objectOf: (origin: OriginId) => Pick<BreakerForHubs, "reportLoad">;
  readonly choiceOf: (origin: OriginSettings) => Choice;
  /** Requests of a service that came for each that was let in. */
  readonly offeredRatio: (service: string) => number;
  /** Hubs among which the world's traffic is divided. */
  readonly hubs: () => number;
  readonly failed: (origin: OriginId, error: unknown) => void;
}

export class HubLoads {
  readonly #options: HubLoadsOptions;
  readonly #limited = new Map<OriginId, Limited>();
  readonly #here: UnitVector;
  #settings: ReadonlyMap<OriginId, OriginSettings>;

  constructor(options: HubLoadsOptions) {
    this.#options = options;
    this.#here = unitVector(REGION_LOCATIONS[options.region]);
    this.#settings = options.settings;
    this.update(options.settings);
  }

  /** Takes over which origins there are, when some were added or removed at runtime. */
  update(settings: ReadonlyMap<OriginId, OriginSettings>): void {
    this.#settings = settings;
    for (const id of this.#limited.keys()) if (!settings.has(id)) this.#limited.delete(id);
    for (const [id, own] of settings) {
      const { capacity } = own.origin;
      const known = this.#limited.get(id);
      if (capacity === undefined) this.#limited.delete(id);
      // The same object, because a call that is under way writes to it.
      else if (known !== undefined) Object.assign(known, { settings: own, capacity });
      else this.#limited.set(id, newlyLimited(own, capacity));
    }
  }

  /** The part of an origin's reading that comes from here. */
  reading(origin: OriginId): Pick<OriginMeasure, "kept" | "saturation"> {
    const limited = this.#limited.get(origin);
    if (limited === undefined) return { kept: 1, saturation: 0 };
    return { kept: limited.world.kept, saturation: limited.world.ratePerSecond / limited.capacity };
  }

  /**
   * Takes a report in, and tells the origins' objects what is due.
   *
   * @returns when they have answered; nobody needs to wait for it
   */
  async takeReport({ isolate, origins, spanMs, ageMs }: Report, nowMs: number): Promise<void> {
    // What is told late says nothing of how much it is now.
    if (ageMs > 0) return;
    const told: Promise<void>[] = [];
    for (const [id, limited] of this.#limited) {
      // An origin that is not in the report got nothing in its time, which counts as well.
      takeIsolateLoad(limited.load, isolate, origins[id] ?? { sent: 0, wanted: 0 }, spanMs, nowMs);
      told.push(this.#tell(id, limited, nowMs));
    }
    await Promise.all(told);
  }

  async #tell(id: OriginId, limited: Limited, nowMs: number): Promise<void> {
    const { hub, objectOf, offeredRatio, hubs, failed } = this.#options;
    const rates = ratesNow(limited.load, nowMs);
    const everyMs = hubLoadEveryMs(rates.demandPerSecond, limited.world.kept, limited.capacity, hubs());
    const sinceMs = nowMs - limited.reportedMs;
    if (limited.reporting || (sinceMs >= 0 && sinceMs < everyMs)) return;
    // Nothing before and nothing now is no news.
    if (rates.ratePerSecond === 0 && limited.world.ratePerSecond === 0) return;
    limited.reporting = true;
    limited.reportedMs = nowMs;
    try {
      limited.world = await objectOf(id).reportLoad(hub, {
        ratePerSecond: rates.ratePerSecond * offeredRatio(limited.settings.service),
        demandPerSecond: rates.demandPerSecond,
        lossMs: this.#lossMs(limited.settings, nowMs),
        nextWithinMs: everyMs + LATE_MS,
      });
    } catch (error) {
      // What was last heard stays.
      failed(id, error);
    } finally {
      limited.reporting = false;
    }
  }

  /** What the region loses by going to the next best origin of the same service. */
  #lossMs(own: OriginSettings, nowMs: number): number {
    const { choiceOf } = this.#options;
    const others = [...this.#settings.values()].filter(
      ({ service, origin }) => service === own.service && origin.id !== own.origin.id,
    );
    return lossMs(choiceOf(own), others.map(choiceOf), this.#here, nowMs);
  }
}

function newlyLimited(settings: OriginSettings, capacity: number): Limited {
  const world = { ratePerSecond: 0, kept: 1 };
  return { settings, capacity, load: new Map(), world, reportedMs: -Infinity, reporting: false };
}
