/** What a deployment's configuration becomes once an isolate, so that no request interprets it: hosts, edits, targets. */
import type { HeaderValue, OriginConfig } from "../config/pool.ts";
import type { Config } from "../config/schema.ts";
import { resolveHeaders, type Bindings, type ResolvedHeader } from "../config/secret.ts";
import type { ServiceConfig } from "../config/service.ts";
import { openAffinity, type ServiceAffinity } from "./affinity.ts";
import { accessList, type AccessList } from "./access.ts";
import { makeServiceCache, type ServiceCache } from "./cache-plan.ts";
import { openLimits, type Limits } from "./limit.ts";
import { asksForStreams } from "./open-streams.ts";
import { newPace, type Pace } from "./pace.ts";
import { makeRetryPlan, type RetryPlan } from "./retry-plan.ts";
import { makeRouter, type Router } from "./route.ts";

/** Where an origin's requests go, ready to use. */
export interface Target {
  /** Scheme, host, port and base path, without a slash at the end. */
  readonly base: string;
  readonly headers: readonly ResolvedHeader[];
  readonly fetcher: Pick<Fetcher, "fetch">;
}

export interface HeaderEdits {
  readonly set: readonly ResolvedHeader[];
  readonly remove: readonly string[];
}

export interface ServicePlan {
  readonly name: string;
  readonly retryRule: RetryPlan;
  /** What this service's attempts in this isolate have in common. */
  readonly pace: Pace;
  readonly config: ServiceConfig;
  readonly access: AccessList;
  readonly limits: Limits;
  /** Whether open streams are counted. */
  readonly countsStreams: boolean;
  /** null: the service has no sessions. */
  readonly affinity: ServiceAffinity | null;
  readonly requestHeaders: HeaderEdits;
  readonly responseHeaders: HeaderEdits;
  /** null: the service has no cache rules. */
  readonly cache: ServiceCache | null;
}

export interface Plan {
  readonly config: Config;
  readonly services: ReadonlyMap<string, ServicePlan>;
  readonly route: Router<ServicePlan>;
  /** The target of an origin; one registered at runtime is prepared at first use. */
  target(origin: OriginConfig): Target;
  /** The name this deployment signs `Via` with; requests that carry it already have looped. */
  readonly pseudonym: string;
  /** What it adds to `Via`. */
  readonly via: string;
}

/**
 * @param digest a hash of the configuration in hexadecimal; deployments of different content must not share it
 * @throws Error when a secret or certificate that the configuration names is not there; its value is never told
 */
export function makePlan(config: Config, bindings: Bindings, digest: string): Plan {
  return planOf(config, bindings, `fairlead-${digest.slice(0, 8)}`, new Map());
}

/**
 * The plan of a deployment whose configuration has become another at runtime. What a service has in memory (limits,
 * budgets, its cache) it keeps where that part of it is configured as before.
 *
 * @throws Error as `makePlan` does
 */
export function replan(before: Plan, config: Config, bindings: Bindings): Plan {
  return planOf(config, bindings, before.pseudonym, before.services);
}

function planOf(config: Config, bindings: Bindings, pseudonym: string, before: ReadonlyMap<string, ServicePlan>): Plan {
  const services = new Map(
    Object.entries(config.services).map(([name, service]) => [
      name,
      servicePlan(name, service, bindings, before.get(name)),
    ]),
  );
  const targets = new Map<OriginConfig, Target>();
  const target = (origin: OriginConfig): Target => {
    let known = targets.get(origin);
    if (known === undefined) targets.set(origin, (known = makeTarget(origin, bindings)));
    return known;
  };
  // At once, so that a missing secret is found by the first request and not by the first failover.
  for (const { config: service } of services.values()) {
    for (const pool of Object.values(service.pools)) pool.origins.forEach(target);
  }
  return { config, services, route: makeRouter([...services.values()]), pseudonym, via: `1.1 ${pseudonym}`, target };
}

function servicePlan(
  name: string,
  config: ServiceConfig,
  bindings: Bindings,
  before: ServicePlan | undefined,
): ServicePlan {
  if (before?.config === config) return before;
  /** What `make` gives, or what there was if these parts of the configuration say the same. */
  const kept = <Part extends keyof ServicePlan>(
    part: Part,
    fields: readonly (keyof ServiceConfig)[],
    make: () => ServicePlan[Part],
  ): ServicePlan[Part] => {
    const isSame = before !== undefined && fields.every((field) => isAlike(before.config[field], config[field]));
    return isSame ? before[part] : make();
  };
  return {
    name,
    retryRule: kept("retryRule", ["retry"], () => makeRetryPlan(config.retry)),
    pace: before?.pace ?? newPace(),
    config,
    access: kept("access", ["access"], () => accessList(config.access)),
    limits: kept("limits", ["rateLimits", "priorities", "auth"], () => openLimits(name, config, bindings)),
    countsStreams: asksForStreams(config.steering),
    affinity: kept("affinity", ["affinity"], () => openAffinity(name, config.affinity, bindings)),
    requestHeaders: headerEdits(config.request.headers, bindings),
    responseHeaders: headerEdits(config.response.headers, bindings),
    cache: kept("cache", ["cache"], () => makeServiceCache(name, config.cache, () => caches.default)),
  };
}

function isAlike(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function makeTarget(origin: OriginConfig, bindings: Bindings): Target {
  const url = new URL(origin.url);
  const headers = resolveHeaders(origin.headers, bindings);
  if (origin.hostHeader !== undefined) headers.push({ name: "Host", value: origin.hostHeader });
  return {
    base: url.origin + url.pathname.replace(/\/$/, ""),
    headers,
    fetcher: origin.mtls === undefined ? globalThis : certificate(origin.mtls, bindings),
  };
}

function headerEdits(
  edits: { set: Record<string, HeaderValue>; remove: readonly string[] },
  bindings: Bindings,
): HeaderEdits {
  return { set: resolveHeaders(edits.set, bindings), remove: edits.remove };
}

function certificate(name: string, bindings: Bindings): Pick<Fetcher, "fetch"> {
  const binding = bindings[name];
  if (typeof binding === "object" && binding !== null && "fetch" in binding) return binding as Pick<Fetcher, "fetch">;
  throw new Error(`Expected the mTLS certificate binding \`${name}\` in wrangler.toml, got nothing`);
}
