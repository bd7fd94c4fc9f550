/** The control plane: what admin hosts answer. Guards first, then the resource that the path belongs to. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { ExecutionContext, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { getPath } from "hono/utils/url";
import { logError } from "../telemetry/log.ts";
import { authenticate } from "./authenticate.ts";
import { corsFor, refuseCrossSite, secured } from "./browser.ts";
import { emptyBodyUntyped } from "./empty-body.ts";
import { doneOnce } from "./idempotent.ts";
import { methodsAt } from "./methods.ts";
import { ApiProblem, problemResponse } from "./problem.ts";
import { RESOURCES, resourceAt, type Resource } from "./resources.ts";
import type { ApiBindings, ApiEnv, System } from "./system.ts";
import { refuseInvalid } from "./validation.ts";

const MAX_BODY_BYTES = 1_048_576;

/** What anybody may see. Everything else is answered to those who are known, and to nobody while no tokens are set. */
const PUBLIC_PATHS: ReadonlySet<string> = new Set(["/health/live", "/health/ready", "/docs", "/docs/style.css"]);

export interface ControlPlane {
  fetch(request: Request, bindings: ApiBindings, context?: ExecutionContext): Promise<Response>;
}

/** Sets the control plane up for a deployment. */
export function controlPlane(system: System): ControlPlane {
  const guards = guardsOf(system);
  const apps = new Map<Resource | null, OpenAPIHono<ApiEnv>>();
  return {
    fetch: async (request, bindings, context) => {
      const resource = resourceAt(getPath(request));
      const app = apps.get(resource) ?? (await appOf(system, guards, resource === null ? [] : [resource]));
      apps.set(resource, app);
      return secured(await app.fetch(request, bindings, context));
    },
  };
}

/** All of it as one app, whose routes make the OpenAPI document. */
export function controlPlaneApp(system: System): Promise<OpenAPIHono<ApiEnv>> {
  return appOf(system, guardsOf(system), RESOURCES);
}

/** The control plane as far as some of its resources go. */
async function appOf(
  system: System,
  guards: readonly MiddlewareHandler<ApiEnv>[],
  resources: readonly Resource[],
): Promise<OpenAPIHono<ApiEnv>> {
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid });
  for (const guard of guards) app.use(guard);
  for (const { load } of resources)
    for (const addRoutes of await load()) addRoutes(app, system, () => controlPlaneApp(system));

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

/** What every request goes through before its route, in this order. Made once: the lockout counts the calls of all resources. */
function guardsOf(system: System): readonly MiddlewareHandler<ApiEnv>[] {
  const { corsOrigins } = system.config.admin;
  const known = authenticate(system);
  const once = doneOnce(system);
  return [
    async (c, next) => {
      c.set("requestId", requestIdOf(c.req.header("X-Request-Id")));
      await next();
      c.header("X-Request-Id", c.var.requestId);
    },
    corsFor(corsOrigins),
    (c, next) => (PUBLIC_PATHS.has(c.req.path) ? next() : known(c, next)),
    refuseCrossSite(corsOrigins),
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw new ApiProblem("too-large", `Expected a body of at most ${MAX_BODY_BYTES} bytes.`);
      },
    }),
    emptyBodyUntyped,
    (c, next) => (PUBLIC_PATHS.has(c.req.path) ? next() : once(c, next)),
  ];
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
