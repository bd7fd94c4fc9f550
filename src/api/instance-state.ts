/** Drain, enable, disable and weigh one origin, and count it as down for a game day. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import type { Administrative } from "../steering/origin-state.ts";
import { idSchema } from "../config/id.ts";
import { instanceParam, originIdOf } from "./instance.ts";
import {
  changeBody,
  changeExample,
  changeSchema,
  expiresAt,
  expiresInSchema,
  forceSchema,
  reasonSchema,
} from "./override-body.ts";
import { amend } from "./overrides.ts";
import { ApiProblem } from "./problem.ts";
import { answers, declare, json } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";
import { waitMember, waitOf, waitQuery } from "./wait.ts";

const TAG = "Instances";
const BASE = "/api/v1/loadbalancer/instances/{service}/{instance}";

const stateSchema = z.strictObject({
  reason: reasonSchema,
  expiresInSeconds: expiresInSchema,
  force: forceSchema,
  ...waitMember,
});

const STATES = [
  {
    verb: "drain",
    state: "draining",
    summary: "Take an origin out gently",
    description: "It keeps the sessions it has and takes nothing new.",
  },
  {
    verb: "disable",
    state: "disabled",
    summary: "Take an origin out at once",
    description: "It takes nothing, sessions included.",
  },
  {
    verb: "enable",
    state: "enabled",
    summary: "Put an origin back",
    description:
      "Takes the drain or disable away. What is not there cannot expire: `expiresInSeconds` is read and means nothing.",
  },
] as const satisfies readonly { verb: string; state: Administrative; summary: string; description: string }[];

const weightSchema = z.strictObject({
  weight: z
    .number()
    .min(0)
    .max(1_000_000)
    .describe("Relative to its pool's other origins; 0 takes none unless nothing else is left."),
  reason: reasonSchema,
  expiresInSeconds: expiresInSchema,
  ...waitMember,
});

const weigh = declare("operate", TAG, [400, 404, 412], {
  method: "put",
  path: `${BASE}/weight`,
  summary: "Set an origin's weight",
  description: "Stands over the configured one until it expires or is cleared.",
  request: {
    params: instanceParam,
    query: waitQuery,
    body: { required: true, ...json(weightSchema, { weight: 0.5, reason: "new version, half the traffic" }) },
  },
  responses: { 200: answers("It is set.", changeSchema, changeExample) },
});

const failureSchema = z.strictObject({
  origin: idSchema.describe("The origin's id."),
  seconds: z.int().min(1).max(86_400).describe("For how long, a day at most."),
  reason: reasonSchema,
  force: forceSchema,
  ...waitMember,
});

const simulate = declare("operate", "Game days", [400, 404, 409, 412], {
  method: "post",
  path: "/api/v1/loadbalancer/simulate-failure",
  summary: "Treat an origin as down for a while",
  description:
    "Everywhere, until the time is over or the override is cleared. The origin is not asked, and its breaker is left alone.",
  request: {
    query: waitQuery,
    body: { required: true, ...json(failureSchema, { origin: "euw1", seconds: 300, reason: "game day" }) },
  },
  responses: { 200: answers("It counts as down.", changeSchema, changeExample) },
});

export function addInstanceState(app: OpenAPIHono<ApiEnv>, system: System): void {
  for (const { verb, state, summary, description } of STATES) {
    const route = declare("operate", TAG, [400, 404, 409, 412], {
      method: "post",
      path: `${BASE}/${verb}`,
      summary,
      description,
      request: {
        params: instanceParam,
        query: waitQuery,
        body: { required: true, ...json(stateSchema, { reason: "new kernel", expiresInSeconds: 3600 }) },
      },
      responses: { 200: answers("It is.", changeSchema, changeExample) },
    });
    app.openapi(route, async (c) => {
      const { service, instance } = c.req.valid("param");
      const { reason, expiresInSeconds, force } = c.req.valid("json");
      const answer = await amend(c, system, waitOf(c.req.valid("query"), c.req.valid("json")), ({ overlay }) => {
        const origin = originIdOf(overlay.config, service, instance);
        const value =
          state === "enabled"
            ? null
            : { kind: "administrative" as const, origin, state, expiresAtMs: expiresAt(system, expiresInSeconds) };
        const entries = [{ key: `administrative/${origin}`, value }];
        return { action: `instance.${verb}`, target: `origin/${origin}`, reason, entries, force };
      });
      return c.json(changeBody(answer), 200);
    });
  }

  app.openapi(weigh, async (c) => {
    const { service, instance } = c.req.valid("param");
    const { weight, reason, expiresInSeconds } = c.req.valid("json");
    const answer = await amend(c, system, waitOf(c.req.valid("query"), c.req.valid("json")), ({ overlay }) => {
      const origin = originIdOf(overlay.config, service, instance);
      const value = { kind: "weight" as const, origin, weight, expiresAtMs: expiresAt(system, expiresInSeconds) };
      const entries = [{ key: `weight/${origin}`, value }];
      return { action: "instance.weight", target: `origin/${origin}`, reason, entries };
    });
    return c.json(changeBody(answer), 200);
  });

  app.openapi(simulate, async (c) => {
    const { origin, seconds, reason, force } = c.req.valid("json");
    const answer = await amend(c, system, waitOf(c.req.valid("query"), c.req.valid("json")), ({ overlay }) => {
      const isKnown = Object.values(overlay.config.services).some(({ pools }) =>
        Object.values(pools).some(({ origins }) => origins.some(({ id }) => id === origin)),
      );
      if (!isKnown) throw new ApiProblem("not-found", `There is no origin \`${origin}\`.`);
      const value = { kind: "failure" as const, origin, expiresAtMs: expiresAt(system, seconds) };
      const entries = [{ key: `failure/${origin}`, value }];
      return { action: "instance.simulate-failure", target: `origin/${origin}`, reason, entries, force };
    });
    return c.json(changeBody(answer), 200);
  });
}
