/** Takes what a hub brought into what requests are decided by: overrides by operators, and readings of origins. */
import { expiryOf, type Override } from "../agreement/override.ts";
import type { OriginReading, ViewDelta } from "../agreement/protocol.ts";
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
}

export class ViewSubjects {
  readonly #origins = new Map<string, Placed>();
  readonly #overrides = new Map<string, Override>();
  readonly #breakerChanged: (origin: string) => void;
  #nextExpiryMs = Infinity;

  /** @param breakerChanged told when an origin's breaker is in another phase than before */
  constructor(services: Iterable<ServiceState>, breakerChanged: (origin: string) => void = () => undefined) {
    this.#breakerChanged = breakerChanged;
    for (const service of services) {
      for (const pool of service.pools)
        for (const origin of pool.origins) this.#origins.set(origin.id, { service, pool, origin, othersInFlight: 0 });
    }
  }

  /** Attempts of this isolate at an origin that wait for a response head. */
  inFlightHere(origin: string): number {
    const placed = this.#origins.get(origin);
    return placed === undefined ? 0 : Math.max(0, placed.origin.inFlight - placed.othersInFlight);
  }

  apply(delta: ViewDelta, nowMs: number): void {
    const { overrides, origins } = delta;
    if (overrides !== undefined) {
      if (overrides.from === null) for (const key of this.#overrides.keys()) this.#drop(key);
      for (const { key, value } of overrides.entries) {
        this.#drop(key);
        if (value !== null) this.#lay(key, value);
      }
      this.expire(nowMs);
    }
    for (const { key, value } of origins?.entries ?? []) this.#read(key, value, nowMs);
  }

  /** Drops overrides whose time has passed. Costs a comparison when there are none. */
  expire(nowMs: number): void {
    if (nowMs < this.#nextExpiryMs) return;
    this.#nextExpiryMs = Infinity;
    for (const [key, override] of this.#overrides) {
      if (expiryOf(override) <= nowMs) this.#drop(key);
      else this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiryOf(override));
    }
  }

  #lay(key: string, override: Override): void {
    this.#overrides.set(key, override);
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiryOf(override));
    const placed = "origin" in override ? this.#origins.get(override.origin) : undefined;
    if (placed === undefined) return; // Not in the configuration that this isolate carries.
    if (override.kind === "administrative") placed.origin.administrative = override.state;
    if (override.kind === "weight") placed.origin.weight = override.weight;
    placed.service.validUntilMs = 0;
  }

  #drop(key: string): void {
    const override = this.#overrides.get(key);
    if (override === undefined) return;
    this.#overrides.delete(key);
    const placed = "origin" in override ? this.#origins.get(override.origin) : undefined;
    if (placed === undefined) return;
    if (override.kind === "administrative") placed.origin.administrative = "enabled";
    if (override.kind === "weight") placed.origin.weight = placed.origin.config.weight;
    placed.service.validUntilMs = 0;
  }

  #read(id: string, reading: OriginReading | null, nowMs: number): void {
    const placed = this.#origins.get(id);
    if (placed === undefined || reading === null) return;
    const { origin, pool, service } = placed;
    if (
      origin.breaker !== reading.breaker ||
      origin.healthy !== reading.healthy ||
      origin.admission !== reading.admission
    )
      service.validUntilMs = 0;
    if (origin.breaker !== reading.breaker) {
      // What this isolate saw under the former phase is no evidence under this one.
      origin.failureRun = 0;
      this.#breakerChanged(id);
    }
    origin.breaker = reading.breaker;
    origin.healthy = reading.healthy;
    origin.admission = reading.admission;
    const here = this.inFlightHere(id);
    placed.othersInFlight = Math.max(0, reading.inFlight - here);
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
