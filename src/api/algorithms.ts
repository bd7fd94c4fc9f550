/** `/api/v1/loadbalancer/algorithms`: which policies steer a service, and others in their place. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { checkSteering } from "../config/check-steering.ts";
import { describeProblem } from "../config/problem.ts";
import { withinSchema } from "../config/steering.ts";
import { policySchema } from "../config/steering-words.ts";
import type { ServiceConfig } from "../config/service.ts";
import { viewHere } from "./fresh-view.ts";
import { serviceOf, serviceParam } from "./instance.ts";
import { changeBody, changeExample, changeSchema, expiresAt, expiresInSchema, reasonSchema } from "./override-body.ts";
import { amend } from "./overrides.ts";
import { answers, declare, json } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";
import { invalid } from "./validation.ts";
import { waitMember, waitOf, waitQuery } from "./wait.ts";

const TAG = "Algorithms";
const BASE = "/api/v1/loadbalancer/algorithms";

const algorithmSchema = z
  .object({
    service: z.string(),
    algorithm: policySchema.describe("In force now: how pools are ordered for a request."),
    within: policySchema.describe("In force now: how the origins of the chosen pool are ordered."),
    configured: z.object({ algorithm: policySchema, within: policySchema }).describe("As deployed."),
    overridden: z.boolean(),
  })
  .openapi("Algorithm");
const example: z.infer<typeof algorithmSchema> = {
  service: "shop",
  algorithm: "least-outstanding",
  within: "weighted-round-robin",
  configured: { algorithm: "latency", within: "weighted-round-robin" },
  overridden: true,
};

const list = declare("read", TAG, [], {
  method: "get",
  path: BASE,
  summary: "Which policies steer the services",
  responses: {
    200: answers("All services.", z.object({ algorithms: z.array(algorithmSchema) }), { algorithms: [example] }),
  },
});

const one = declare("read", TAG, [404], {
  method: "get",
  path: `${BASE}/{service}`,
  summary: "Which policies steer a service",
  request: { params: serviceParam },
  responses: { 200: answers("The service's.", algorithmSchema, example) },
});

const putSchema = z
  .strictObject({
    algorithm: policySchema.optional().describe("How pools are ordered. Absent: as configured."),
    within: withinSchema.optional().describe("How the origins of a pool are ordered. Absent: as configured."),
    reason: reasonSchema,
    expiresInSeconds: expiresInSchema,
    ...waitMember,
  })
  .refine(({ algorithm, within }) => algorithm !== undefined || within !== undefined, {
    message: "an object with `algorithm`, `within` or both",
  });

const put = declare("operate", TAG, [400, 404, 412], {
  method: "put",
  path: `${BASE}/{service}`,
  summary: "Steer a service by other policies",
  description:
    "Stands over what is configured until it expires or is cleared. What the configuration would refuse is refused here, for example `geo` without lists.",
  request: {
    params: serviceParam,
    query: waitQuery,
    body: {
      required: true,
      ...json(putSchema, { algorithm: "least-outstanding", reason: "try it for an hour", expiresInSeconds: 3600 }),
    },
  },
  responses: { 200: answers("They steer it.", changeSchema, changeExample) },
});

export function addAlgorithms(app: OpenAPIHono<ApiEnv>, system: System): void {
  const told = (service: string): z.infer<typeof algorithmSchema> => {
    const { policy, within } = serviceOf(system.effective(), service).steering;
    const deployed = system.config.services[service]?.steering;
    const configured = { algorithm: deployed?.policy ?? policy, within: deployed?.within ?? within };
    const overridden = configured.algorithm !== policy || configured.within !== within;
    return { service, algorithm: policy, within, configured, overridden };
  };

  app.openapi(list, async (c) => {
    await viewHere(system, c);
    return c.json({ algorithms: Object.keys(system.effective().services).map(told) }, 200);
  });
  app.openapi(one, async (c) => {
    await viewHere(system, c);
    return c.json(told(c.req.valid("param").service), 200);
  });
  app.openapi(put, async (c) => {
    const { service } = c.req.valid("param");
    const { algorithm, within, reason, expiresInSeconds } = c.req.valid("json");
    const answer = await amend(c, system, waitOf(c.req.valid("query"), c.req.valid("json")), ({ overlay }) => {
      refuseUnsound(service, serviceOf(overlay.config, service), algorithm, within);
      const value = {
        kind: "policy" as const,
        service,
        ...(algorithm === undefined ? {} : { policy: algorithm }),
        ...(within === undefined ? {} : { within }),
        expiresAtMs: expiresAt(system, expiresInSeconds),
      };
      const entries = [{ key: `policy/${service}`, value }];
      return { action: "algorithm.set", target: `service/${service}`, reason, entries };
    });
    return c.json(changeBody(answer), 200);
  });
}

/** @throws ApiProblem for policies with which the configuration would not be sound */
function refuseUnsound(
  name: string,
  config: ServiceConfig,
  algorithm: ServiceConfig["steering"]["policy"] | undefined,
  within: ServiceConfig["steering"]["within"] | undefined,
): void {
  const { policy, within: configured } = config.steering;
  const steering = { ...config.steering, policy: algorithm ?? policy, within: within ?? configured };
  const problems = checkSteering(["services", name], { ...config, steering });
  if (problems.length === 0) return;
  throw invalid(
    problems.map((problem) => ({
      pointer: problem.path.endsWith("within") ? "#/within" : "#/algorithm",
      detail: describeProblem(problem),
    })),
  );
}
