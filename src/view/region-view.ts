/** What this isolate knows of every service, as seen from one region. In production an isolate has one such view. */
import { poolSettings } from "../config/origin-settings.ts";
import type { OriginConfig, PoolConfig } from "../config/pool.ts";
import { REGION_LOCATIONS, type Region } from "../config/region.ts";
import type { Config } from "../config/schema.ts";
import type { ServiceConfig } from "../config/service.ts";
import type { PolicyName } from "../config/steering.ts";
import { localBreaker, type LocalBreaker } from "../resilience/local-breaker.ts";
import type { PoolState, ServiceState } from "../steering/availability.ts";
import { prepareNarrowing } from "../steering/narrow.ts";
import type { OriginState } from "../steering/origin-state.ts";
import { unitVector } from "../steering/place.ts";
import { POLICIES, UNMEASURED } from "../steering/policy.ts";
import type { HubForIsolates, HubName, LoggedDelta, ViewDelta } from "../agreement/protocol.ts";
import { deltaSince } from "../agreement/section.ts";
import { applyLogged, newView, type ViewState } from "../agreement/view-state.ts";
import type { SyncCounters } from "../telemetry/sync-counters.ts";
import { ViewSubjects } from "./apply.ts";
import { ReportBook } from "./report.ts";
import { RegionSync } from "./sync.ts";
import { Trials } from "./trials.ts";

export interface RegionView {
  readonly region: Region;
  readonly services: ReadonlyMap<string, ServiceState>;
  /** What was agreed: versions, purges and flags are read from here. */
  readonly agreed: ViewState;
  readonly report: ReportBook;
  readonly sync: RegionSync;
  /** Tries half-open origins, with permits from the hub. */
  readonly trials: Trials;
  /** Takes in what was changed through this isolate, before a hub brings it. */
  takeIn(delta: LoggedDelta): void;
  /** When the view was last brought up to date by a hub, ms since the epoch; 0: it is the bundled configuration. */
  readonly syncedAtMs: number;
}

/** What a view needs of the isolate it lives in. */
export interface ViewSurroundings {
  /** Content hash of the bundled configuration. */
  readonly base: string;
  readonly isolate: string;
  readonly hubNamed: (name: HubName) => HubForIsolates;
  readonly counters: SyncCounters;
  /** ms since the epoch. */
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The view with which an isolate starts: the bundled configuration, everything healthy. Its sync begins with a request. */
export function openView(config: Config, region: Region, surroundings: ViewSurroundings): RegionView {
  const { base, isolate, clock, random } = surroundings;
  const services = new Map(
    Object.entries(config.services).map(([name, service]) => [name, serviceState(name, service, random)]),
  );
  const agreed = newView(isolate, region, base);
  const report: ReportBook = new ReportBook(isolate, (origin) => subjects.inFlightHere(origin), clock());
  const subjects = new ViewSubjects(services.values(), (origin) => report.forgetFailures(origin));
  const apply = (delta: ViewDelta, nowMs: number) => {
    // A hub may bring what this isolate had sooner, and more of: what stands is what counts.
    const overrides = delta.overrides && (deltaSince(agreed.logged.overrides, 0) ?? delta.overrides);
    subjects.apply(overrides === undefined ? delta : { ...delta, overrides }, nowMs);
  };
  const sync = new RegionSync({
    ...surroundings,
    state: agreed,
    report,
    apply,
    everyRequest: (nowMs) => subjects.expire(nowMs),
  });
  const trials = new Trials({
    takePermit: (origin) => sync.hub().takePermit(origin),
    settle: (settled) => report.settle(settled),
    clock,
  });
  return {
    region,
    services,
    agreed,
    report,
    sync,
    trials,
    takeIn(delta) {
      if (applyLogged(agreed.logged, delta)) apply(delta, clock());
    },
    get syncedAtMs() {
      return sync.syncedAtMs;
    },
  };
}

function serviceState(name: string, config: ServiceConfig, random: () => number): ServiceState {
  const pools = Object.entries(config.pools).map(([id, pool]) => poolState(id, pool, config, random));
  const preparePicker = (policy: PolicyName) => POLICIES[policy].prepare(pools, config.steering, random);
  return {
    name,
    pools,
    picker: preparePicker(config.steering.policy),
    narrowing: prepareNarrowing(pools, config.steering, preparePicker, random),
    partial: false,
    eligible: new Uint8Array(pools.length),
    maxEjected: config.ejection.maxEjected ?? Infinity,
    panicMode: config.ejection.panic,
    panicking: false,
    halfOpen: [],
    validUntilMs: 0,
  };
}

function poolState(id: string, pool: PoolConfig, service: ServiceConfig, random: () => number): PoolState {
  const local = localBreaker(poolSettings(service, pool).breaker);
  const origins = pool.origins.map((origin) => originState(origin, pool, local));
  return {
    id,
    priority: pool.priority,
    vector: unitVector(pool.location ?? REGION_LOCATIONS[pool.region]),
    weight: origins.reduce((sum, origin) => sum + origin.weight, 0),
    ...UNMEASURED,
    region: pool.region,
    shed: pool.shed,
    share: 1,
    origins,
    picker: POLICIES[service.steering.within].prepare(origins, service.steering, random),
    eligible: new Uint8Array(origins.length),
  };
}

function originState(config: OriginConfig, pool: PoolConfig, local: LocalBreaker): OriginState {
  return {
    id: config.id,
    config,
    local,
    priority: pool.priority,
    vector: unitVector(pool.location ?? REGION_LOCATIONS[pool.region]),
    weight: config.weight,
    ...UNMEASURED,
    administrative: "enabled",
    breaker: "closed",
    healthy: true,
    ejectedUntilMs: 0,
    failureRun: 0,
    admission: 1,
    kept: 1,
  };
}
