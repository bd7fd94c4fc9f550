/** What an isolate sets up once and every request uses: the plan, the views, where requests come from. */
import type { Region } from "../config/region.ts";
import type { Config } from "../config/schema.ts";
import { makePlacer, type EdgeFacts, type Place } from "../steering/place.ts";
import { bundledView, type RegionView } from "../view/region-view.ts";
import { makePlan, type Plan } from "./plan.ts";

export interface Gateway {
  readonly plan: Plan;
  readonly placeOf: (facts: EdgeFacts | undefined) => Place;
  /** The view from a region, begun at first use. */
  viewFrom(region: Region): RegionView;
}

/**
 * Sets an isolate up.
 *
 * @param bindings the Worker's environment; secrets and certificates named in the configuration come from it
 * @throws Error when one of them is missing
 */
export function openGateway(config: Config, bindings: Readonly<Record<string, unknown>>, digest: string): Gateway {
  const views = new Map<Region, RegionView>();
  return {
    plan: makePlan(config, bindings, digest),
    placeOf: makePlacer(config.regions),
    viewFrom(region) {
      let view = views.get(region);
      if (view === undefined) views.set(region, (view = bundledView(config, region, Math.random)));
      return view;
    },
  };
}
