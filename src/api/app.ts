/** The control plane: what admin hosts answer. Guards first, then one file per resource. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { ExecutionContext } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { logError } from "../telemetry/log.ts";
import { addAlgorithms } from "./algorithms.ts";
import { addAdmin } from "./admin.ts";
import { addAudit } from "./audit.ts";
import { authenticate } from "./authenticate.ts";
import { addConfig } from "./config.ts";
import { corsFor, refuseCrossSite, secured } from "./browser.ts";
import { addCachePurge } from "./cache-purge.ts";
import { addCacheStats } from "./cache-stats.ts";
import { addCacheWarm } from "./cache-warm.ts";
import { addCircuitBreakers } from "./circuit-breakers.ts";
import { addDocument } from "./document.ts";
import { addExplain } from "./explain.ts";
import { addHealth } from "./health.ts";
import { doneOnce } from "./idempotent.ts";
import { addInstanceState } from "./instance-state.ts";
import { addInstances } from "./instances.ts";
import { addOverrides } from "./override-list.ts";
import { addMaintenance } from "./maintenance.ts";
import { methodsAt } from "./methods.ts";
import { ApiProblem, problemResponse } from "./problem.ts";
import { addMetrics } from "./metrics.ts";
import { addPerformance } from "./performance.ts";
import { addRebalance } from "./rebalance.ts";
import { addRecovery } from "./recovery.ts";
import { addRateLimits } from "./rate-limits.ts";
import { addReferencePage } from "./reference-page.ts";
import { addRetry } from "./retry.ts";
import { addSessions } from "./sessions.ts";
import { addStats } from "./stats.ts";
import { addRegistration } from "./registration.ts";
import type { ApiBindings, ApiEnv, System } from "./system.ts";
import { refuseInvalid } from "./validation.ts";
import { addWorldHealth } from "./world-health.ts";

const MAX_BODY_BYTES = 1_048_576;

/** What anybody may see. Everything else is answered to those who are known, and to nobody while no tokens are set. */
const PUBLIC_PATHS: ReadonlySet<string> = new Set(["/health/live", "/health/ready", "/docs", "/docs/style.css"]);

export interface ControlPlane {
  fetch(request: Request, bindings: ApiBindings, context?: ExecutionContext): Promise<Response>;
}

/** Sets the control plane up for a deployment. */
export function controlPlane(system: System): ControlPlane {
  const app = controlPlaneApp(system);
  return { fetch: async (request, bindings, context) => secured(await app.fetch(request, bindings, context)) };
}

/** The app itself, whose routes make the OpenAPI document. */
export function controlPlaneApp(system: System): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid });
  const { corsOrigins } = system.config.admin;
  const known = authenticate(system);
  const once = doneOnce(system);

  app.use(async (c, next) => {
    c.set("requestId", requestIdOf(c.req.header("X-Request-Id")));
    await next();
    c.header("X-Request-Id", c.var.requestId);
  });
  app.use(corsFor(corsOrigins));
  app.use((c, next) => (PUBLIC_PATHS.has(c.req.path) ? next() : known(c, next)));
  app.use(refuseCrossSite(corsOrigins));
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw new ApiProblem("too-large", `Expected a body of at most ${MAX_BODY_BYTES} bytes.`);
      },
    }),
  );

  app.use((c, next) => (PUBLIC_PATHS.has(c.req.path) ? next() : once(c, next)));

  addHealth(app, system);
  addAudit(app, system);
  addExplain(app, system);
  addInstances(app, system);
  addRegistration(app, system);
  addInstanceState(app, system);
  addOverrides(app, system);
  addAlgorithms(app, system);
  addMaintenance(app, system);
  addConfig(app, system);
  addStats(app, system);
  addPerformance(app, system);
  addMetrics(app, system);
  addCachePurge(app, system);
  addCacheStats(app, system);
  addCacheWarm(app, system);
  addCircuitBreakers(app, system);
  addRecovery(app, system);
  addRebalance(app, system);
  addWorldHealth(app, system);
  addRetry(app, system);
  addRateLimits(app, system);
  addAdmin(app, system);
  addSessions(app, system);
  addDocument(app);
  addReferencePage(app);

  app.notFound((c) => {
    const { method, path } = c.req;
    const methods = methodsAt(app, path);
    if (methods.length === 0) throw new ApiProblem("not-found", `The control plane has no ${path}.`);
    const Allow = methods.join(", ");
    if (method === "OPTIONS") return c.body(null, 204, { Allow });
    throw new ApiProblem("method-not-allowed", `Expected ${Allow}, got ${method}.`, { headers: { Allow } });
  });
  app.onError((error, c) => problemResponse(problemOf(error), c.var.requestId ?? crypto.randomUUID()));
  return app;
}

function problemOf(error: Error): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof HTTPException && error.status === 415) {
    return new ApiProblem("unsupported-media-type", "Expected `Content-Type: application/json`.");
  }
  if (error instanceof HTTPException && error.status === 400) {
    return new ApiProblem("bad-request", "Expected a body that is valid JSON.");
  }
  logError("control plane failed", error);
  return new ApiProblem("internal", "Something went wrong on our side; it has been logged.");
}

/** The client's own id if it is one we would be glad to log, else a new one. */
function requestIdOf(given: string | undefined): string {
  return given !== undefined && /^[\w.:+/=-]{1,128}$/.test(given) ? given : crypto.randomUUID();
}
