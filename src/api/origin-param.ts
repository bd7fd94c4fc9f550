/** The `{origin}` of a path: an origin's id, or its URL with every special character encoded; or 404. */
import * as z from "zod";
import type { ServiceState } from "../steering/availability.ts";
import type { OriginState } from "../steering/origin-state.ts";
import type { RegionView } from "../view/region-view.ts";
import { ApiProblem } from "./problem.ts";

export const originParamsSchema = z.object({
  origin: z.string().max(2048).describe("The origin's id, or its URL (encoded)."),
});

export interface FoundOrigin {
  readonly service: ServiceState;
  readonly origin: OriginState;
}

/** @throws ApiProblem `not-found` for an origin that the view does not have */
export function originParam(view: RegionView, idOrUrl: string): FoundOrigin {
  for (const service of view.services.values())
    for (const { origins } of service.pools)
      for (const origin of origins)
        if (origin.id === idOrUrl || origin.config.url === idOrUrl) return { service, origin };
  throw new ApiProblem("not-found", `There is no origin \`${idOrUrl}\`.`);
}
