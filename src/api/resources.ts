/** Every resource of the control plane: the paths it answers and the files its routes are declared in, loaded when first asked for. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiEnv, System } from "./system.ts";

/** Adds a resource's routes to an app. `whole` makes an app with the routes of all of them, which tells what they are. */
export type AddRoutes = (app: OpenAPIHono<ApiEnv>, system: System, whole: WholeApp) => void;
export type WholeApp = () => Promise<OpenAPIHono<ApiEnv>>;

export interface Resource {
  /** It answers these paths and every path below, and no other resource does. */
  readonly at: readonly string[];
  /**
   * Loads what declares its routes. A schema costs the isolate that makes it some tenths of a millisecond, and there are
   * hundreds: who asks for one resource does not wait for those of the others.
   */
  readonly load: () => Promise<readonly AddRoutes[]>;
}

/** In the order in which the reference tells of them. */
export const RESOURCES: readonly Resource[] = [
  { at: ["/health"], load: async () => [(await import("./health.ts")).addHealth] },
  { at: ["/api/v1/audit"], load: async () => [(await import("./audit.ts")).addAudit] },
  { at: ["/api/v1/loadbalancer/explain"], load: async () => [(await import("./explain.ts")).addExplain] },
  {
    at: ["/api/v1/loadbalancer/instances", "/api/v1/loadbalancer/simulate-failure"],
    load: async () => [
      (await import("./instances.ts")).addInstances,
      (await import("./registration.ts")).addRegistration,
      (await import("./instance-state.ts")).addInstanceState,
    ],
  },
  { at: ["/api/v1/loadbalancer/overrides"], load: async () => [(await import("./override-list.ts")).addOverrides] },
  { at: ["/api/v1/loadbalancer/algorithms"], load: async () => [(await import("./algorithms.ts")).addAlgorithms] },
  { at: ["/api/v1/loadbalancer/maintenance"], load: async () => [(await import("./maintenance.ts")).addMaintenance] },
  { at: ["/api/v1/loadbalancer/config"], load: async () => [(await import("./config.ts")).addConfig] },
  { at: ["/api/v1/loadbalancer/stats"], load: async () => [(await import("./stats.ts")).addStats] },
  { at: ["/api/v1/loadbalancer/performance"], load: async () => [(await import("./performance.ts")).addPerformance] },
  { at: ["/metrics"], load: async () => [(await import("./metrics.ts")).addMetrics] },
  {
    at: ["/api/v1/cache/purge", "/api/v1/cache/purges"],
    load: async () => [(await import("./cache-purge.ts")).addCachePurge],
  },
  { at: ["/api/v1/cache/stats"], load: async () => [(await import("./cache-stats.ts")).addCacheStats] },
  { at: ["/api/v1/cache/warm"], load: async () => [(await import("./cache-warm.ts")).addCacheWarm] },
  { at: ["/api/v1/circuit-breakers"], load: async () => [(await import("./circuit-breakers.ts")).addCircuitBreakers] },
  { at: ["/api/v1/loadbalancer/recovery"], load: async () => [(await import("./recovery.ts")).addRecovery] },
  { at: ["/api/v1/loadbalancer/rebalance"], load: async () => [(await import("./rebalance.ts")).addRebalance] },
  { at: ["/api/v1/loadbalancer/health"], load: async () => [(await import("./world-health.ts")).addWorldHealth] },
  { at: ["/api/v1/retry"], load: async () => [(await import("./retry.ts")).addRetry] },
  { at: ["/api/v1/rate-limits"], load: async () => [(await import("./rate-limits.ts")).addRateLimits] },
  { at: ["/api/v1/admin/loadbalancer"], load: async () => [(await import("./admin.ts")).addAdmin] },
  { at: ["/api/v1/loadbalancer/sessions"], load: async () => [(await import("./sessions.ts")).addSessions] },
  { at: ["/api/v1/openapi.json"], load: async () => [(await import("./document.ts")).addDocument] },
  { at: ["/docs"], load: async () => [(await import("./reference-page.ts")).addReferencePage] },
];

/** The one that answers a path, or null. */
export function resourceAt(path: string): Resource | null {
  return RESOURCES.find(({ at }) => at.some((own) => path === own || path.startsWith(`${own}/`))) ?? null;
}
