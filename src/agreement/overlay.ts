/**
 * What a deployment does once overrides are laid over its base: each is an operation on an id, so it means the same over
 * whichever base an isolate carries, and one whose id is not there is left aside and listed.
 *
 * Services that no override restructures are handed on as they are (the same object), so that who has prepared one need
 * not prepare it again.
 */
import type { Maintenance } from "../config/maintenance.ts";
import type { Config } from "../config/schema.ts";
import { registrationAllowed } from "../config/registration-pattern.ts";
import type { OriginConfig } from "../config/origin.ts";
import type { ServiceConfig } from "../config/service.ts";
import type { AdministrativeState } from "../steering/origin-state.ts";
import { expiryOf, type Override, type ConfigOverride, type PolicyOverride, type Registration } from "./override.ts";
import { durationMs, nextStepMs, standingAt, valueAt } from "./taking-effect.ts";

export interface Overlay {
  /** What the configuration has become: replaced, policies changed, registered origins in their pools. */
  readonly config: Config;
  /** By origin id; absent: enabled. */
  readonly administrative: ReadonlyMap<string, AdministrativeState>;
  /** When origins that drain began to, ms since the epoch, by origin id; absent: nobody wrote it down. */
  readonly drainsSinceMs: ReadonlyMap<string, number>;
  /** By origin id; absent: as `config` says. */
  readonly weights: ReadonlyMap<string, number>;
  /** Shares in (0, 1) of their requests that origins take while they get or lose their traffic in steps; absent: all. */
  readonly shares: ReadonlyMap<string, number>;
  /** By service name. */
  readonly maintenance: ReadonlyMap<string, Maintenance>;
  /** Origins that registered themselves, by id. */
  readonly registered: ReadonlyMap<string, Override & Registration>;
  /** Origins that did not come with the deployment, by id: when they were added, ms since the epoch; 0: nobody said. */
  readonly addedAtMs: ReadonlyMap<string, number>;
  /** Keys of overrides whose id is not there, or no longer allowed. */
  readonly dangling: readonly string[];
  /** Keys of overrides made for another base: a whole configuration. */
  readonly superseded: readonly string[];
  /** When the first of those that apply expires or takes its next step, ms since the epoch; Infinity: none does. */
  readonly nextChangeMs: number;
}

/** Overrides by key. */
export type Overrides = ReadonlyMap<string, Override>;

/**
 * Lays overrides over a base.
 *
 * @param digest the base's name by its content
 * @param nowMs  ms since the epoch; what has expired by then does not apply
 */
export function layOver(base: Config, digest: string, overrides: Overrides, nowMs: number): Overlay {
  const live = [...overrides].filter(([, override]) => expiryOf(override) > nowMs);
  const replaced = overrides.get("config");
  const isReplaced = replaced?.kind === "config" && replaced.base === digest && expiryOf(replaced) > nowMs;
  const structure = restructure(isReplaced ? configOf(replaced) : base, live);
  const { config, known, dangling } = structure;

  const administrative = new Map<string, AdministrativeState>();
  const drainsSinceMs = new Map<string, number>();
  const weights = new Map<string, number>();
  const shares = new Map<string, number>();
  for (const [id, { taking }] of structure.registered) {
    const share = taking === undefined ? 1 : valueAt(taking, 1, nowMs);
    if (share === 0) administrative.set(id, "waiting");
    else shares.set(id, share);
  }
  const maintenance = new Map<string, Maintenance>();
  for (const [key, override] of live) {
    if ("origin" in override && typeof override.origin === "string" && !known.has(override.origin)) dangling.push(key);
    else if (override.kind === "administrative") {
      const { state, share } = standingAt(override.state, override.taking, nowMs);
      if (administrative.get(override.origin) !== "waiting") administrative.set(override.origin, state);
      const sinceMs = state === "draining" ? drainBegan(override) : undefined;
      if (sinceMs !== undefined) drainsSinceMs.set(override.origin, sinceMs);
      shares.set(override.origin, Math.min(share, shares.get(override.origin) ?? 1));
    } else if (override.kind === "weight") {
      const { weight, taking } = override;
      weights.set(override.origin, taking === undefined ? weight : valueAt(taking, weight, nowMs));
    } else if (override.kind === "maintenance") {
      if (override.service in config.services) maintenance.set(override.service, override.maintenance);
      else dangling.push(key);
    }
  }
  for (const [, override] of live) {
    const isDown = override.kind === "failure" && known.has(override.origin);
    if (isDown && administrative.get(override.origin) !== "disabled")
      administrative.set(override.origin, "simulated failure");
  }
  return {
    config,
    administrative,
    drainsSinceMs,
    weights,
    shares: new Map([...shares].filter(([, share]) => share < 1)),
    maintenance,
    registered: structure.registered,
    addedAtMs: config === base ? NONE_ADDED : addedAtMs(base, config, structure.registered, replaced?.by?.atMs ?? 0),
    dangling,
    superseded: replaced === undefined || isReplaced ? [] : ["config"],
    nextChangeMs: live.reduce(
      (next, [, override]) => Math.min(next, expiryOf(override), nextStepMs(override.taking, nowMs)),
      Infinity,
    ),
  };
}

const NONE_ADDED: ReadonlyMap<string, number> = new Map();

/** Another URL is another origin, whatever its name. */
function addedAtMs(
  base: Config,
  config: Config,
  registered: ReadonlyMap<string, Override & Registration>,
  replacedAtMs: number,
): Map<string, number> {
  const bundled = new Map(originsOf(base).map(({ id, url }) => [id, url]));
  const added = originsOf(config).filter(({ id, url }) => bundled.get(id) !== url);
  return new Map(added.map(({ id }) => [id, registered.get(id)?.by?.atMs ?? replacedAtMs]));
}

function originsOf({ services }: Config): OriginConfig[] {
  return Object.values(services).flatMap(({ pools }) => Object.values(pools).flatMap(({ origins }) => origins));
}

/** When an origin that drains began to, ms since the epoch: with the last step where it lost its traffic in steps. */
function drainBegan({ by, taking }: Override): number | undefined {
  if (taking === undefined) return by?.atMs;
  return taking.sinceMs === null ? undefined : taking.sinceMs + durationMs(taking);
}

let parsed: { readonly json: string; readonly config: Config } | undefined;

/** The configuration that an override holds: the same object as long as it is the same text. */
export function configOf({ json }: ConfigOverride): Config {
  if (parsed?.json !== json) parsed = { json, config: JSON.parse(json) as Config };
  return parsed.config;
}

/** Policies changed and registered origins put into their pools; a service that none of it is about stays the same object. */
function restructure(base: Config, live: readonly (readonly [string, Override])[]) {
  const services = new Map(Object.entries(base.services));
  const registered = new Map<string, Override & Registration>();
  const dangling: string[] = [];
  const known = new Set(
    [...services.values()].flatMap(({ pools }) =>
      Object.values(pools).flatMap(({ origins }) => origins.map(({ id }) => id)),
    ),
  );
  const grown = new Map<string, OriginConfig[]>();
  for (const [key, override] of live) {
    if (override.kind === "registration") {
      const { origin, service, pool } = override;
      const isPlaced = services.get(service)?.pools[pool] !== undefined && !known.has(origin.id);
      if (!isPlaced || !registrationAllowed(base.registration.allow, origin.url)) {
        dangling.push(key);
        continue;
      }
      known.add(origin.id);
      registered.set(origin.id, override);
      const place = JSON.stringify([service, pool]);
      grown.set(place, [...(grown.get(place) ?? []), origin]);
    }
    if (override.kind === "policy") {
      const service = services.get(override.service);
      if (service === undefined) dangling.push(key);
      else services.set(override.service, { ...service, steering: steeringOf(service, override) });
    }
  }
  for (const [place, origins] of grown) {
    const [name, poolName] = JSON.parse(place) as [string, string];
    const service = services.get(name)!;
    const pool = service.pools[poolName]!;
    // By id, so that every isolate has them in the same order, whenever it heard of them.
    const sorted = origins.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const pools = { ...service.pools, [poolName]: { ...pool, origins: [...pool.origins, ...sorted] } };
    services.set(name, { ...service, pools });
  }
  const isChanged = [...services].some(([name, service]) => base.services[name] !== service);
  const config = isChanged ? { ...base, services: Object.fromEntries(services) } : base;
  return { config, known, registered, dangling };
}

/** The effective configuration as a document: with the weights that overrides set written into it. */
export function effectiveConfig({ config, weights }: Overlay): Config {
  if (weights.size === 0) return config;
  const services = Object.entries(config.services).map(([name, service]) => {
    const pools = Object.entries(service.pools).map(([id, pool]) => {
      const origins = pool.origins.map((origin) => ({ ...origin, weight: weights.get(origin.id) ?? origin.weight }));
      return [id, { ...pool, origins }] as const;
    });
    return [name, { ...service, pools: Object.fromEntries(pools) }] as const;
  });
  return { ...config, services: Object.fromEntries(services) };
}

/**
 * Services that would have no origin left to send a request to: all drained, disabled or counted as down.
 * Maintenance is not one of these: it says itself what to answer.
 */
export function servicesWithoutOrigins({ config, administrative }: Overlay): string[] {
  return Object.entries(config.services).flatMap(([name, service]) => {
    const origins = Object.values(service.pools).flatMap((pool) => pool.origins);
    return origins.some(({ id }) => (administrative.get(id) ?? "enabled") === "enabled") ? [] : [name];
  });
}

function steeringOf(service: ServiceConfig, override: PolicyOverride): ServiceConfig["steering"] {
  return {
    ...service.steering,
    policy: override.policy ?? service.steering.policy,
    within: override.within ?? service.steering.within,
  };
}
