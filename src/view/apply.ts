/** Takes what a hub brought into what requests are decided by: overrides by operators, and readings of origins. */
import type { Override } from "../agreement/override.ts";
import type { Overlay, Overrides } from "../agreement/overlay.ts";
import type { OriginReading, ViewDelta } from "../agreement/protocol.ts";
import type { SectionState } from "../agreement/section.ts";
import { originSettings } from "../config/origin-settings.ts";
import type { Config } from "../config/schema.ts";
import type { ServiceConfig } from "../config/service.ts";
import { isHealthy } from "../health/quorum.ts";
import type { PoolState, ServiceState } from "../steering/availability.ts";
import type { OriginState } from "../steering/origin-state.ts";

/** An own measurement younger than this is closer to the truth than the region's, ms. */
const OWN_LATENCY_MS = 10_000;

/** An origin with what is needed to change its state. */
interface Placed {
  readonly service: ServiceState;
  readonly pool: PoolState;
  readonly origin: OriginState;
  /** Of `inFlight`: what the region's other isolates said they had. */
  othersInFlight: number;
  /** Share of requests admitted by the ramp after recovery, and by the steps of a change; the smaller holds. */
  rampShare: number;
  stepShare: number;
}

export interface SubjectsOptions {
  /** The configuration that `services` were prepared from. */
  readonly config: Config;
  /** Services by name; those that overrides restructure are replaced in here. */
  readonly services: Map<string, ServiceState>;
  /** The overrides as agreed; read whole whenever they have changed, or one's time has passed. */
  readonly overrides: SectionState<Override>;
  readonly layOver: (overrides: Overrides, nowMs: number) => Overlay;
  readonly prepare: (name: string, config: ServiceConfig, before: ServiceState | undefined) => ServiceState;
  /** What the hub was last told that this isolate has in flight or open at an origin. */
  readonly toldInFlight: (origin: string) => number;
  /** Told when an origin's breaker is in another phase than before. */
  readonly breakerChanged: (origin: string) => void;
  /** Told when overrides were laid, with the configuration that they make. */
  readonly laid: (config: Config) => void;
}

export class ViewSubjects {
  readonly #options: SubjectsOptions;
  readonly #origins = new Map<string, Placed>();
  /** What each service was prepared from. */
  readonly #prepared = new Map<string, ServiceConfig>();
  #nextChangeMs = Infinity;

  constructor(options: SubjectsOptions) {
    this.#options = options;
    for (const [name, service] of options.services) {
      this.#prepared.set(name, options.config.services[name]!);
      this.#place(service);
    }
  }

  /** Attempts of this isolate at an origin that wait for a response head. */
  inFlightHere(origin: string): number {
    const placed = this.#origins.get(origin);
    return placed === undefined ? 0 : Math.max(0, placed.origin.inFlight - placed.othersInFlight);
  }

  /** The same and what is open after the response head, where that is counted. */
  openHere(origin: string): number {
    return this.inFlightHere(origin) + (this.#origins.get(origin)?.origin.openStreams ?? 0);
  }

  /** @param delta its overrides have been taken into the agreed ones already: that they are new is all that counts here */
  apply({ overrides, origins }: ViewDelta, nowMs: number): void {
    if (overrides !== undefined) this.#lay(nowMs);
    for (const { key, value } of origins?.entries ?? []) this.#read(key, value, nowMs);
  }

  /** Drops overrides whose time has passed, and takes steps that are due. Costs a comparison when there are none. */
  expire(nowMs: number): void {
    if (nowMs >= this.#nextChangeMs) this.#lay(nowMs);
  }

  #lay(nowMs: number): void {
    const { overrides, layOver, services, laid } = this.#options;
    const standing = [...overrides.entries].flatMap(([key, { value }]) =>
      value === null ? [] : [[key, value] as const],
    );
    const overlay = layOver(new Map(standing), nowMs);
    this.#nextChangeMs = overlay.nextChangeMs;
    const known = new Set([...this.#origins.values()].map(({ origin }) => origin));
    this.#restructure(overlay.config);
    if (overlay.addedAtMs.size > 0) this.#holdBack(overlay, known, nowMs);
    for (const [id, placed] of this.#origins) {
      const { service, origin } = placed;
      const administrative = overlay.administrative.get(id) ?? "enabled";
      const weight = overlay.weights.get(id) ?? origin.config.weight;
      const stepShare = overlay.shares.get(id) ?? 1;
      if (administrative === "draining")
        origin.drainingSinceMs =
          overlay.drainsSinceMs.get(id) ?? (origin.administrative === "draining" ? origin.drainingSinceMs : nowMs);
      const isSame = origin.administrative === administrative && origin.weight === weight;
      if (isSame && placed.stepShare === stepShare) continue;
      origin.administrative = administrative;
      origin.weight = weight;
      placed.stepShare = stepShare;
      origin.admission = Math.min(stepShare, placed.rampShare);
      service.validUntilMs = 0;
    }
    for (const [name, service] of services) service.maintenance = overlay.maintenance.get(name) ?? null;
    laid(overlay.config);
  }

  /** Origins that were added at runtime and are new here wait for the hub's word on their first verdict, or have grace. */
  #holdBack({ config, addedAtMs }: Overlay, known: ReadonlySet<OriginState>, nowMs: number): void {
    for (const [id, { monitor, registeredAtMs }] of originSettings(config, addedAtMs)) {
      const origin = this.#origins.get(id)?.origin;
      if (registeredAtMs === null || origin === undefined || known.has(origin)) continue;
      origin.healthy = isHealthy("unknown", registeredAtMs, monitor, nowMs);
    }
  }

  /** Prepares the services anew whose configuration is another than the one they were prepared from. */
  #restructure(config: Config): void {
    const { services, prepare } = this.#options;
    for (const [name, service] of Object.entries(config.services)) {
      const before = this.#prepared.get(name);
      if (before === service) continue;
      this.#prepared.set(name, service);
      if (before !== undefined && JSON.stringify(before) === JSON.stringify(service)) continue;
      const displaced = this.#displace(name);
      const prepared = prepare(name, service, services.get(name));
      services.set(name, prepared);
      this.#place(prepared, displaced);
    }
    for (const name of services.keys()) {
      if (name in config.services) continue;
      this.#displace(name);
      this.#prepared.delete(name);
      services.delete(name);
    }
  }

  /** @param displaced what was known of its origins when they stood in the service as it was before */
  #place(service: ServiceState, displaced?: ReadonlyMap<string, Placed>): void {
    for (const pool of service.pools)
      for (const origin of pool.origins) {
        const { othersInFlight = 0, rampShare = 1, stepShare = 1 } = displaced?.get(origin.id) ?? {};
        this.#origins.set(origin.id, { service, pool, origin, othersInFlight, rampShare, stepShare });
      }
  }

  #displace(name: string): Map<string, Placed> {
    const displaced = new Map([...this.#origins].filter(([, { service }]) => service.name === name));
    for (const id of displaced.keys()) this.#origins.delete(id);
    return displaced;
  }

  #read(id: string, reading: OriginReading | null, nowMs: number): void {
    const placed = this.#origins.get(id);
    if (placed === undefined || reading === null) return;
    const { origin, pool, service } = placed;
    if (
      origin.breaker !== reading.breaker ||
      origin.healthy !== reading.healthy ||
      placed.rampShare !== reading.admission ||
      origin.kept < 1 !== reading.kept < 1
    )
      service.validUntilMs = 0;
    if (origin.breaker !== reading.breaker) {
      // What this isolate saw under the former phase is no evidence under this one.
      origin.failureRun = 0;
      this.#options.breakerChanged(id);
    }
    origin.breaker = reading.breaker;
    origin.healthy = reading.healthy;
    placed.rampShare = reading.admission;
    origin.rampShare = reading.admission;
    origin.admission = Math.min(placed.rampShare, placed.stepShare);
    origin.kept = reading.kept;
    if (origin.saturation !== reading.saturation) {
      origin.saturation = reading.saturation;
      pool.saturation = saturationOf(pool);
    }
    const here = this.inFlightHere(id);
    // Less what the hub has from this isolate, which may have ended since: it is not to be taken for somebody else's.
    placed.othersInFlight = Math.max(0, reading.inFlight - this.#options.toldInFlight(id));
    origin.inFlight = here + placed.othersInFlight;
    const measuredMs = nowMs - reading.latencyAgeMs;
    const isOwnFresh = nowMs - origin.latencyAtMs < OWN_LATENCY_MS;
    if (Number.isNaN(reading.latencyMs) || (isOwnFresh && !Number.isNaN(origin.latencyMs))) return;
    origin.latencyMs = reading.latencyMs;
    origin.latencyAtMs = measuredMs;
    origin.latencySamples = reading.latencySamples;
    if (nowMs - pool.latencyAtMs < OWN_LATENCY_MS && !Number.isNaN(pool.latencyMs)) return;
    // A pool that this isolate has not measured is as good as the best of its origins for the region.
    const best = pool.origins.reduce((a, b) => (b.latencyMs < a.latencyMs || Number.isNaN(a.latencyMs) ? b : a));
    pool.latencyMs = best.latencyMs;
    pool.latencyAtMs = best.latencyAtMs;
    pool.latencySamples = best.latencySamples;
  }
}

/** Of a pool: its origins' by capacity. One without a capacity can take anything, and so can its pool. */
function saturationOf({ origins }: PoolState): number {
  let ratePerSecond = 0;
  let capacity = 0;
  for (const { config, saturation } of origins) {
    if (config.capacity === undefined) return 0;
    ratePerSecond += saturation * config.capacity;
    capacity += config.capacity;
  }
  return ratePerSecond / capacity;
}
