/** A view to answer from: brought up to date first, since an isolate that carries no traffic has no reason to do so. */
import type { Context } from "hono";
import type { Region } from "../config/region.ts";
import type { EdgeFacts, Place } from "../steering/place.ts";
import type { RegionView } from "../view/region-view.ts";
import type { ApiEnv, System } from "./system.ts";

/**
 * What is known in a region now. Waits for a sync if the isolate holds no lease there, a moment at most; a hub that does
 * not answer leaves the view as old as it is, and its age says so.
 */
export async function freshView(system: System, region: Region, c: Context<ApiEnv>): Promise<RegionView> {
  const view = system.viewFrom(region);
  await view.sync.leased(c.executionCtx);
  return view;
}

/** The same for the region that a call came in at. */
export function viewHere(system: System, c: Context<ApiEnv>): Promise<RegionView> {
  return freshView(system, placeOfCall(system, c).region, c);
}

/** Where a call comes from. */
export function placeOfCall(system: System, c: Context<ApiEnv>): Place {
  return system.placeOf({ cf: (c.req.raw as { cf?: EdgeFacts }).cf });
}
