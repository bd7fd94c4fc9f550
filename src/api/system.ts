/** What the control plane works on: the deployment it belongs to, handed in by the Worker's entry. */
import type { Config } from "../config/schema.ts";
import type { RegionView } from "../view/region-view.ts";
import type { Principal } from "./principal.ts";

export interface System {
  /** The configuration deployed with this Worker: the base. */
  readonly config: Config;
  /** The base's name by its content. */
  readonly digest: string;
  /** What this isolate knows, from the region that the request came in at. */
  viewFor(request: Request): RegionView;
  /** ms since the epoch. */
  now(): number;
}

/** The Worker's environment, as far as the control plane reads it. */
export interface ApiBindings {
  /** JSON list of `AdminToken`. */
  readonly ADMIN_TOKENS?: string;
}

/** What hono keeps for one request. */
export interface ApiEnv {
  Bindings: ApiBindings;
  Variables: {
    requestId: string;
    /** Who asks; set on everything but public routes. */
    principal: Principal;
  };
}
