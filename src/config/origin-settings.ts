/** What applies to one origin: its service's breaker, ramp and monitor with its pool's differences laid over them. */
import type { BreakerConfig, RampConfig } from "./breaker.ts";
import type { MonitorConfig } from "./monitor.ts";
import type { OriginConfig } from "./origin.ts";
import type { PoolConfig } from "./pool.ts";
import { REGION_LOCATIONS, type Location } from "./region.ts";
import type { Config } from "./schema.ts";
import type { ServiceConfig } from "./service.ts";

export interface OriginSettings {
  readonly service: string;
  readonly pool: string;
  readonly origin: OriginConfig;
  /** Where its pool is. */
  readonly location: Location;
  readonly breaker: BreakerConfig;
  readonly ramp: RampConfig;
  readonly monitor: MonitorConfig;
  /** The longest one attempt may take to its response head, in ms: after it a trial's slot is free again. */
  readonly attemptMs: number;
  /** When it was added at runtime, ms since the epoch; null: it came with the deployment. */
  readonly registeredAtMs: number | null;
}

const NONE: ReadonlyMap<string, number> = new Map();

/**
 * Every origin by id.
 *
 * @param config       with origins that were added at runtime in their pools
 * @param registeredAt which of them were added at runtime, and when, ms since the epoch
 */
export function originSettings(config: Config, registeredAt = NONE): Map<string, OriginSettings> {
  const settings = new Map<string, OriginSettings>();
  for (const [service, serviceConfig] of Object.entries(config.services)) {
    for (const [pool, poolConfig] of Object.entries(serviceConfig.pools)) {
      const location = poolConfig.location ?? REGION_LOCATIONS[poolConfig.region];
      const shared = { service, pool, location, ...poolSettings(serviceConfig, poolConfig) };
      for (const origin of poolConfig.origins) {
        const registeredAtMs = registeredAt.get(origin.id) ?? null;
        settings.set(origin.id, { ...shared, origin, registeredAtMs });
      }
    }
  }
  return settings;
}

/** The breaker, ramp and monitor of a pool's origins. */
export function poolSettings(
  service: ServiceConfig,
  pool: PoolConfig,
): Pick<OriginSettings, "breaker" | "ramp" | "monitor" | "attemptMs"> {
  return {
    breaker: laidOver(service.breaker, pool.breaker),
    ramp: laidOver(service.ramp, pool.ramp),
    monitor: laidOver(service.monitor, pool.monitor),
    attemptMs: Math.min(service.timeouts.firstByteMs, service.timeouts.totalMs),
  };
}

function laidOver<Section extends object>(
  section: Section,
  over: { readonly [Name in keyof Section]?: Section[Name] | undefined } | undefined,
): Section {
  const defined = Object.entries(over ?? {}).filter(([, value]) => value !== undefined);
  return { ...section, ...Object.fromEntries(defined) };
}
