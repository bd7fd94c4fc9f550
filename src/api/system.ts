/** What the control plane works on: the deployment it belongs to, handed in by the Worker's entry. */
import type { HubForApi } from "../../durable-objects/hub-description.ts";
import type { Context } from "hono";
import type { AuditForApi } from "../agreement/audit-record.ts";
import type { HubName, LoggedDelta, LoggedVersions, OriginId } from "../agreement/protocol.ts";
import type { ControlPlaneForApi } from "../agreement/revision.ts";
import type { Config } from "../config/schema.ts";
import type { AffinityForApi } from "../affinity/messages.ts";
import type { BreakerForApi } from "../resilience/breaker-order.ts";
import type { LimiterForApi } from "../rate-limit/messages.ts";
import type { LedgerForIsolates } from "../resilience/idempotency-messages.ts";
import type { Region } from "../config/region.ts";
import type { Placer } from "../steering/place.ts";
import type { SyncCounters } from "../telemetry/sync-counters.ts";
import type { RegionView } from "../view/region-view.ts";
import type { Principal } from "./principal.ts";

export interface System {
  /** The configuration deployed with this Worker: the base. */
  readonly config: Config;
  /** What this isolate runs on: the base with the overrides laid over it that it knows. */
  effective(): Config;
  /** Why a sound configuration cannot be run by this Worker (a secret that is missing), or null. */
  faultOf(config: Config): string | null;
  /** Why services cannot be run here as they are configured, by name: what each lacks. */
  faults(): ReadonlyMap<string, string>;
  /** The base's name by its content. */
  readonly digest: string;
  /** What this isolate knows, from the region that the request came in at. */
  viewFor(request: Request): RegionView;
  /** What this isolate has of the agreed sections, whichever region it is asked from. */
  have(): LoggedVersions;
  /** Has a change in force in this isolate at once, before any hub brings it. */
  takeIn(delta: LoggedDelta): void;
  /** The deployment's one ControlPlane, AuditLog, and the ledger of the API's own `Idempotency-Key`s. */
  readonly control: ControlPlaneForApi;
  readonly audit: AuditForApi;
  readonly ledger: LedgerForIsolates;
  /** A hub by its name, made in its region if it is not there yet. */
  hub(name: HubName): HubForApi;
  /** One shard of the sessions that no cookie carries. */
  sessions(shard: string): AffinityForApi;
  /** An origin's breaker. */
  breaker(origin: OriginId): BreakerForApi;
  /** The object that counts one key of a rate limit, by its name. */
  limiter(name: string): LimiterForApi;
  /** What this isolate's sync loops did. */
  readonly syncCounters: SyncCounters;
  /** What this isolate knows, from a region. */
  viewFrom(region: Region): RegionView;
  /** Where a request comes from, by what the edge says of it. */
  readonly placeOf: Placer;
  /** Answers a request as any client's is answered, but that no limit counts it; for URLs of services. */
  serve(request: Request, context: Context<ApiEnv>["executionCtx"]): Promise<Response>;
  /** Where a URL leads. */
  locate(url: string): Located;
  /** ms since the epoch. */
  now(): number;
}

export interface Located {
  /** The service that answers the URL; null: none does. */
  readonly service: string | null;
  /** The path as rules compare it. */
  readonly path: string;
  /** Path and query, byte for byte. */
  readonly target: string;
}

/** The Worker's environment, as far as the control plane reads it. */
export interface ApiBindings {
  /** JSON list of `AdminToken`. */
  readonly ADMIN_TOKENS?: string;
  /** Keys of session cookies, so that one can be looked up. */
  readonly SESSION_SECRET?: string;
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
