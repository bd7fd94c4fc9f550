/** What an isolate sets up once and every request uses: the plan, the views, where requests come from. */
import type { Region } from "../config/region.ts";
import type { Config } from "../config/schema.ts";
import { makePlacer, type Placer } from "../steering/place.ts";
import { hubNamed } from "../view/hub.ts";
import { openView, type RegionView } from "../view/region-view.ts";
import { noSyncs, type SyncCounters } from "../telemetry/sync-counters.ts";
import { logError } from "../telemetry/log.ts";
import { deltaSince } from "../agreement/section.ts";
import type { ViewState } from "../agreement/view-state.ts";
import { makePlan, replan, type Plan } from "./plan.ts";

export interface Gateway {
  /** What the configuration, with the overrides laid over it, is to an isolate. Replaced when they restructure it. */
  readonly plan: Plan;
  /** Why this isolate could not run all of a configuration, or null. */
  faultOf(config: Config): string | null;
  readonly placeOf: Placer;
  /** The view from a region, begun at first use. */
  viewFrom(region: Region): RegionView;
  /** Views begun so far. */
  readonly views: ReadonlyMap<Region, RegionView>;
  readonly syncCounters: SyncCounters;
  /** Answers what reaches the control plane through a service; null where there is none. */
  readonly controlPlane: ControlPlane | null;
}

export type ControlPlane = (request: Request, context: ExecutionContext) => Response | Promise<Response>;

/**
 * Sets an isolate up.
 *
 * @param bindings the Worker's environment; secrets and certificates named in the configuration come from it
 */
export function openGateway(
  config: Config,
  bindings: Readonly<Record<string, unknown>>,
  digest: string,
  controlPlane: ControlPlane | null = null,
): Gateway {
  const views = new Map<Region, RegionView>();
  let plan = makePlan(config, bindings, digest);
  logFaults(plan.faults, NO_FAULTS);
  /** All views of an isolate know the same overrides, because they share its plan. In production there is one view. */
  const share = (agreed: ViewState) => {
    const overrides = deltaSince(agreed.logged.overrides, 0);
    if (overrides === null) return;
    for (const other of views.values()) if (other.agreed !== agreed) other.takeIn({ overrides });
  };
  const laid = (effective: Config, agreed: ViewState) => {
    share(agreed);
    if (effective === plan.config) return;
    const { faults } = plan;
    plan = replan(plan, effective, bindings);
    logFaults(plan.faults, faults);
  };
  const syncCounters = noSyncs();
  return {
    views,
    syncCounters,
    controlPlane,
    faultOf(changed) {
      const [fault = null] = replan(plan, changed, bindings).faults.values();
      return fault;
    },
    get plan() {
      return plan;
    },
    placeOf: makePlacer(config.regions),
    viewFrom(region) {
      let view = views.get(region);
      if (view !== undefined) return view;
      view = openView(config, region, {
        base: digest,
        isolate: crypto.randomUUID(),
        hubNamed: (name) => hubNamed(bindings, name),
        counters: syncCounters,
        clock: Date.now,
        random: Math.random,
        laid,
      });
      views.set(region, view);
      const [older] = views.values();
      if (older !== undefined) share(older.agreed);
      return view;
    },
  };
}

const NO_FAULTS: ReadonlyMap<string, string> = new Map();

/** Tells once, where the operator looks, what each service that cannot be run as configured lacks. */
function logFaults(faults: ReadonlyMap<string, string>, told: ReadonlyMap<string, string>): void {
  for (const [service, fault] of faults)
    if (told.get(service) !== fault) logError(`service \`${service}\` cannot be run as it is configured`, fault);
}
