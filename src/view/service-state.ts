/**
 * What steering works on, prepared from a service's configuration: at start, and again when overrides restructure it.
 *
 * An origin that stays keeps its state, the same object, so that what was learnt of it holds on and what is in flight goes
 * on being counted.
 */
import { poolSettings } from "../config/origin-settings.ts";
import type { OriginConfig } from "../config/origin.ts";
import type { PoolConfig } from "../config/pool.ts";
import { REGION_LOCATIONS } from "../config/region.ts";
import type { ServiceConfig } from "../config/service.ts";
import type { PolicyName } from "../config/steering.ts";
import { localBreaker, type LocalBreaker } from "../resilience/local-breaker.ts";
import type { PoolState, ServiceState } from "../steering/availability.ts";
import { backupPlace } from "../steering/backups.ts";
import { prepareNarrowing } from "../steering/narrow.ts";
import type { OriginState } from "../steering/origin-state.ts";
import { unitVector } from "../steering/place.ts";
import { POLICIES, UNMEASURED } from "../steering/policy.ts";

/**
 * @param before what it was prepared as until now
 * @param random uniform in [0, 1)
 */
export function prepareService(
  name: string,
  config: ServiceConfig,
  before: ServiceState | undefined,
  random: () => number,
): ServiceState {
  const pools = Object.entries(config.pools).map(([id, pool]) => poolState(id, pool, config, before, random));
  const preparePicker = (policy: PolicyName) => POLICIES[policy].prepare(pools, config.steering, random);
  // Requests under way go on with what they have, and look again at who is available.
  if (before !== undefined) before.validUntilMs = 0;
  return {
    name,
    pools,
    picker: preparePicker(config.steering.policy),
    narrowing: prepareNarrowing(pools, config.steering, preparePicker, random),
    partial: false,
    eligible: new Uint8Array(pools.length),
    maxBackups: config.failover.backups.length === 0 ? 0 : config.failover.maxAttempts,
    levels: [],
    maxEjected: config.ejection.maxEjected ?? Infinity,
    panicMode: config.ejection.panic,
    panicking: false,
    halfOpen: [],
    reserves: [],
    maintenance: before?.maintenance ?? null,
    validUntilMs: 0,
  };
}

function poolState(
  id: string,
  pool: PoolConfig,
  service: ServiceConfig,
  before: ServiceState | undefined,
  random: () => number,
): PoolState {
  const local = localBreaker(poolSettings(service, pool).breaker);
  const known = new Map(before?.pools.flatMap(({ origins }) => origins.map((origin) => [origin.id, origin] as const)));
  const { backups } = service.failover;
  const origins = pool.origins.map((origin) =>
    originState(origin, pool, local, backupPlace(backups, id, origin.id), known.get(origin.id)),
  );
  const measured = before?.pools.find((other) => other.id === id);
  return {
    id,
    priority: pool.priority,
    vector: unitVector(pool.location ?? REGION_LOCATIONS[pool.region]),
    weight: origins.reduce((sum, origin) => sum + origin.weight, 0),
    ...UNMEASURED,
    ...(measured && {
      latencyMs: measured.latencyMs,
      latencyAtMs: measured.latencyAtMs,
      latencySamples: measured.latencySamples,
      baselineMs: measured.baselineMs,
      successRatio: measured.successRatio,
      saturation: measured.saturation,
    }),
    region: pool.region,
    shed: pool.shed,
    share: 1,
    origins,
    picker: POLICIES[service.steering.within].prepare(origins, service.steering, random),
    eligible: new Uint8Array(origins.length),
  };
}

function originState(
  config: OriginConfig,
  pool: PoolConfig,
  local: LocalBreaker,
  backup: number,
  known: OriginState | undefined,
): OriginState {
  const configured = {
    config,
    local,
    backup,
    priority: pool.priority,
    vector: unitVector(pool.location ?? REGION_LOCATIONS[pool.region]),
  };
  // Another URL is another origin, whatever its name: nothing is known of it.
  if (known !== undefined && known.config.url === config.url) return Object.assign(known, configured);
  return {
    id: config.id,
    ...configured,
    weight: config.weight,
    ...UNMEASURED,
    administrative: "enabled",
    drainingSinceMs: 0,
    breaker: "closed",
    healthy: true,
    ejectedUntilMs: 0,
    failureRun: 0,
    rampShare: 1,
    admission: 1,
    kept: 1,
  };
}
