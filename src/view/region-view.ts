/** What this isolate knows of every service, as seen from one region. In production an isolate has one such view. */
import type { Region } from "../config/region.ts";
import type { Config } from "../config/schema.ts";
import type { ServiceConfig } from "../config/service.ts";
import type { ServiceState } from "../steering/availability.ts";
import type { HubForIsolates, HubName, LoggedDelta } from "../agreement/protocol.ts";
import { layOver } from "../agreement/overlay.ts";
import { applyLogged, newView, type ViewState } from "../agreement/view-state.ts";
import type { SyncCounters } from "../telemetry/sync-counters.ts";
import { ViewSubjects } from "./apply.ts";
import { ReportBook } from "./report.ts";
import { prepareService } from "./service-state.ts";
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
  /** Told when overrides were laid over the configuration, with what they make of it and the view that heard of them. */
  readonly laid?: (config: Config, agreed: ViewState) => void;
}

/** The view with which an isolate starts: the bundled configuration, everything healthy. Its sync begins with a request. */
export function openView(config: Config, region: Region, surroundings: ViewSurroundings): RegionView {
  const { base, isolate, clock, random } = surroundings;
  const prepare = (name: string, service: ServiceConfig, before?: ServiceState) =>
    prepareService(name, service, before, random);
  const services = new Map(
    Object.entries(config.services).map(([name, service]) => [name, prepare(name, service)] as const),
  );
  const agreed = newView(isolate, region, base);
  const report: ReportBook = new ReportBook(isolate, (origin) => subjects.openHere(origin), clock());
  const subjects = new ViewSubjects({
    config,
    services,
    overrides: agreed.logged.overrides,
    layOver: (overrides, nowMs) => layOver(config, base, overrides, nowMs),
    prepare,
    toldInFlight: (origin) => report.toldInFlight(origin),
    breakerChanged: (origin) => report.forgetFailures(origin),
    laid: (effective) => surroundings.laid?.(effective, agreed),
  });
  const sync = new RegionSync({
    ...surroundings,
    state: agreed,
    report,
    apply: (delta, nowMs) => subjects.apply(delta, nowMs),
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
      if (applyLogged(agreed.logged, delta)) subjects.apply(delta, clock());
    },
    get syncedAtMs() {
      return sync.syncedAtMs;
    },
  };
}
