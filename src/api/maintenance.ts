/** `/api/v1/loadbalancer/maintenance`: a service that answers by itself for a while. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { maintenanceSchema } from "../config/maintenance.ts";
import { serviceOf, serviceParam } from "./instance.ts";
import { changeBody, changeExample, changeSchema, expiresAt, expiresInSchema, reasonSchema } from "./override-body.ts";
import { amend } from "./overrides.ts";
import { ApiProblem } from "./problem.ts";
import { answers, declare, json } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";
import { waitMember, waitOf, waitQuery } from "./wait.ts";

const TAG = "Maintenance";
const PATH = "/api/v1/loadbalancer/maintenance/{service}";

const putSchema = maintenanceSchema.extend({ reason: reasonSchema, expiresInSeconds: expiresInSchema, ...waitMember });

const put = declare("operate", TAG, [400, 404, 412], {
  method: "put",
  path: PATH,
  summary: "Put a service into maintenance",
  description:
    "Every request to it gets this answer, from the edge and before anything else is decided, but for clients from `allow`. Nothing reaches its origins; they stay as they are.",
  request: {
    params: serviceParam,
    query: waitQuery,
    body: {
      required: true,
      ...json(putSchema, {
        status: 503,
        body: "Back at noon.\n",
        retryAfterSeconds: 1800,
        allow: ["203.0.113.0/24"],
        reason: "schema migration",
        expiresInSeconds: 7200,
      }),
    },
  },
  responses: { 200: answers("It is.", changeSchema, changeExample) },
});

const end = declare("operate", TAG, [400, 404, 412], {
  method: "delete",
  path: PATH,
  summary: "End a service's maintenance",
  request: {
    params: serviceParam,
    query: waitQuery.extend({
      reason: z.string().max(500).default("").describe("Why; kept with the change and in the audit trail."),
    }),
  },
  responses: { 200: answers("It serves again.", changeSchema, { ...changeExample, overrides: [] }) },
});

export function addMaintenance(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(put, async (c) => {
    const { service } = c.req.valid("param");
    const { reason, expiresInSeconds, waitMs: _waitMs, ...maintenance } = c.req.valid("json");
    const answer = await amend(c, system, waitOf(c.req.valid("query"), c.req.valid("json")), ({ overlay }) => {
      serviceOf(overlay.config, service);
      const expiresAtMs = expiresAt(system, expiresInSeconds);
      const value = { kind: "maintenance" as const, service, maintenance, expiresAtMs };
      const entries = [{ key: `maintenance/${service}`, value }];
      return { action: "maintenance.begin", target: `service/${service}`, reason, entries };
    });
    return c.json(changeBody(answer), 200);
  });

  app.openapi(end, async (c) => {
    const { service } = c.req.valid("param");
    const { waitMs, reason } = c.req.valid("query");
    const answer = await amend(c, system, waitMs, ({ overrides }) => {
      const key = `maintenance/${service}`;
      if (!overrides.has(key)) throw new ApiProblem("not-found", `There is no override \`${key}\`.`);
      return { action: "maintenance.end", target: `service/${service}`, reason, entries: [{ key, value: null }] };
    });
    return c.json(changeBody(answer), 200);
  });
}
