/** What a deployment's configuration becomes once an isolate, so that no request interprets it: hosts, edits, targets. */
import type { HeaderValue, OriginConfig } from "../config/origin.ts";
import type { Config } from "../config/schema.ts";
import { resolveHeaders, type Bindings, type ResolvedHeader } from "../config/secret.ts";
import type { ServiceConfig } from "../config/service.ts";
import { openAffinity, type ServiceAffinity } from "./affinity.ts";
import { accessList, type AccessList } from "./access.ts";
import { makeServiceCache, type ServiceCache } from "./cache-plan.ts";
import { openLedgers, type Ledgers } from "./idempotency.ts";
import { openLimits, type Admission, type Limits } from "./limit.ts";
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
  /** Whether its requests are refused because something that it names is not there. */
  readonly isRefused: boolean;
  readonly retryRule: RetryPlan;
  /** What this service's attempts in this isolate have in common. */
  readonly pace: Pace;
  readonly config: ServiceConfig;
  readonly access: AccessList;
  readonly limits: Limits;
  /** Where keyed requests are looked up; null: the service deduplicates nothing. */
  readonly ledgers: Ledgers | null;
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
  /** Why services cannot be run as they are configured, by name. For operators: secrets and bindings are named in it. */
  readonly faults: ReadonlyMap<string, string>;
  readonly route: Router<ServicePlan>;
  /** The target of an origin; one registered at runtime is prepared at first use. */
  target(origin: OriginConfig): Target;
  /** The name this deployment signs `Via` with; requests that carry it already have looped. */
  readonly pseudonym: string;
  /** What it adds to `Via`. */
  readonly via: string;
}

/**
 * A service that names a secret, certificate or binding that is not there, or is unfit, is refused; all others are served.
 *
 * @param digest a hash of the configuration in hexadecimal; deployments of different content must not share it
 */
export function makePlan(config: Config, bindings: Bindings, digest: string): Plan {
  return planOf(config, bindings, `fairlead-${digest.slice(0, 8)}`, new Map());
}

/**
 * The plan of a deployment whose configuration has become another at runtime. What a service has in memory (limits,
 * budgets, its cache) it keeps where that part of it is configured as before. One that could be run, and cannot as it is
 * configured now, stays as it was.
 */
export function replan(before: Plan, config: Config, bindings: Bindings): Plan {
  return planOf(config, bindings, before.pseudonym, before.services);
}

function planOf(config: Config, bindings: Bindings, pseudonym: string, before: ReadonlyMap<string, ServicePlan>): Plan {
  const targets = new Map<OriginConfig, Target>();
  const target = (origin: OriginConfig): Target => {
    let known = targets.get(origin);
    if (known === undefined) targets.set(origin, (known = makeTarget(origin, bindings)));
    return known;
  };
  const services = new Map<string, ServicePlan>();
  const faults = new Map<string, string>();
  for (const [name, service] of Object.entries(config.services)) {
    const known = before.get(name);
    const running = known?.isRefused === false ? known : undefined;
    try {
      services.set(name, servicePlan(name, service, bindings, running));
      // At once, so that a missing secret is found by the first request and not by the first failover.
      for (const pool of Object.values(service.pools)) pool.origins.forEach(target);
    } catch (error) {
      faults.set(name, error instanceof Error ? error.message : String(error));
      services.set(name, running ?? refusedService(name, service));
    }
  }
  const route = makeRouter([...services.values()]);
  return { config, services, faults, route, pseudonym, via: `1.1 ${pseudonym}`, target };
}

const NOT_CONFIGURED: Admission = { refusal: { kind: "not-configured" }, dress: (response) => response };

/** A service that cannot be run: its access list holds, its limits let nobody in, and it needs nothing else. */
function refusedService(name: string, config: ServiceConfig): ServicePlan {
  return {
    name,
    isRefused: true,
    retryRule: makeRetryPlan(config.retry),
    pace: newPace(),
    config,
    access: accessList(config.access),
    limits: { admit: () => NOT_CONFIGURED },
    ledgers: null,
    countsStreams: false,
    affinity: null,
    requestHeaders: { set: [], remove: [] },
    responseHeaders: { set: [], remove: [] },
    cache: null,
  };
}

/** @throws Error when a secret, certificate or binding that it names is not there; a secret's value is never told */
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
    isRefused: false,
    retryRule: kept("retryRule", ["retry"], () => makeRetryPlan(config.retry)),
    pace: before?.pace ?? newPace(),
    config,
    access: kept("access", ["access"], () => accessList(config.access)),
    limits: kept("limits", ["rateLimits", "priorities", "auth"], () => openLimits(name, config, bindings)),
    ledgers: openLedgers(config.idempotency, bindings),
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
