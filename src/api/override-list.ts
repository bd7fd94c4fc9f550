/** `/api/v1/loadbalancer/overrides`: what stands over the deployed configuration, and taking it away. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import {
  changeBody,
  changeExample,
  changeSchema,
  overrideBody,
  overrideExample,
  overrideSchema,
} from "./override-body.ts";
import { amend, standingOverrides } from "./overrides.ts";
import { mayDo } from "./principal.ts";
import { ApiProblem } from "./problem.ts";
import { answers, declare } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";
import { waitQuery } from "./wait.ts";

const TAG = "Overrides";
const BASE = "/api/v1/loadbalancer/overrides";

const list = declare("read", TAG, [], {
  method: "get",
  path: BASE,
  summary: "Every runtime change that stands",
  description:
    "Who laid it, why and until when. `dangling` are those whose origin or service the deployed configuration does not have (any more), `superseded` a whole configuration that was made for another deployed one; neither does anything.",
  responses: {
    200: answers(
      "All of them, by key.",
      z.object({
        revision: z.int().describe("The newest change."),
        overrides: z.array(overrideSchema),
        dangling: z.array(z.string()),
        superseded: z.array(z.string()),
      }),
      { revision: 17, overrides: [overrideExample], dangling: [], superseded: [] },
    ),
  },
});

const clear = declare("operate", TAG, [400, 404, 409, 412], {
  method: "delete",
  path: `${BASE}/{key}`,
  summary: "Take a runtime change away",
  description: "What the deployed configuration says holds again.",
  request: {
    params: z.object({ key: z.string().describe("Its key, percent-encoded: `administrative%2Feuw1`.") }),
    query: waitQuery.extend({
      reason: z.string().max(500).default("").describe("Why; kept with the change and in the audit trail."),
      force: z.enum(["true", "false"]).default("false").describe("Even if a service is left without origins."),
    }),
  },
  responses: { 200: answers("It is gone.", changeSchema, { ...changeExample, overrides: [] }) },
});

export function addOverrides(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(list, async (c) => {
    const { revision, overrides, overlay } = await standingOverrides(system);
    const told = [...overrides.values()].flatMap((override) => overrideBody(override) ?? []);
    const { dangling, superseded } = overlay;
    return c.json(
      {
        revision,
        overrides: told.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
        dangling: [...dangling],
        superseded: [...superseded],
      },
      200,
    );
  });

  app.openapi(clear, async (c) => {
    const { key } = c.req.valid("param");
    const { waitMs, reason, force } = c.req.valid("query");
    const answer = await amend(c, system, waitMs, ({ overrides }) => {
      const override = overrides.get(key);
      if (override === undefined) throw new ApiProblem("not-found", `There is no override \`${key}\`.`);
      // What only `config` may lay, only `config` may take away.
      const isConfiguration = override.kind === "config" || override.kind === "registration";
      if (isConfiguration && !mayDo(c.var.principal, "config"))
        throw new ApiProblem("forbidden", "Taking this away needs the scope `config` as well.");
      const entries = [{ key, value: null }];
      return { action: "override.clear", target: key, reason, entries, force: force === "true" };
    });
    return c.json(changeBody(answer), 200);
  });
}
