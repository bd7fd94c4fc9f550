/** `/api/v1/circuit-breakers`: what each origin's breaker says, what it said, and what an operator tells it. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import type { OriginReading } from "../agreement/protocol.ts";
import { regionOf } from "../agreement/sharding.ts";
import type { BreakerOrder } from "../resilience/breaker-order.ts";
import { refusalOf } from "../steering/origin-state.ts";
import {
  healthChangeSchema,
  inspectionBody,
  inspectionExample,
  inspectionSchema,
  regionalBody,
  regionalExample,
  stateExample,
  summarySchema,
  timeOf,
  transitionSchema,
} from "./breaker-body.ts";
import { audited, reached } from "./change.ts";
import { viewHere } from "./fresh-view.ts";
import { askHubs, hubsBody, hubsExample, hubsSchema } from "./hubs.ts";
import { originParam, originParamsSchema, type FoundOrigin } from "./origin-param.ts";
import { cursorOf, pageQuery } from "./page.ts";
import { ApiProblem } from "./problem.ts";
import { answers, declare, json } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";

const TAG = "Circuit breakers";
const PATH = "/api/v1/circuit-breakers";

const list = declare("read", TAG, [400], {
  method: "get",
  path: PATH,
  summary: "Every origin's breaker, as each region's hub has it",
  request: { query: pageQuery },
  responses: {
    200: answers(
      "A page of breakers, in the order of the configuration.",
      z.object({
        breakers: z.array(summarySchema),
        next: z.string().nullable().describe("`cursor` of the next page."),
        hubs: hubsSchema,
      }),
      {
        breakers: [{ origin: "euw1", service: "shop", breaker: "open", regions: { weur: regionalExample } }],
        next: null,
        hubs: hubsExample,
      },
    ),
  },
});

const inspect = declare("read", TAG, [404], {
  method: "get",
  path: `${PATH}/{origin}`,
  summary: "One origin's breaker, in full",
  request: { params: originParamsSchema },
  responses: { 200: answers("What the breaker itself knows.", inspectionSchema, inspectionExample) },
});

const history = declare("read", TAG, [404], {
  method: "get",
  path: `${PATH}/{origin}/history`,
  summary: "Its last 50 changes, and those of its health, the newest first",
  request: { params: originParamsSchema },
  responses: {
    200: answers(
      "What changed, where, when and why.",
      z.object({
        origin: z.string(),
        transitions: z.array(transitionSchema),
        healthChanges: z.array(healthChangeSchema),
      }),
      {
        origin: "euw1",
        transitions: [
          { at: stateExample.since, scope: "world", from: "closed", to: "open", reason: stateExample.reason },
        ],
        healthChanges: [
          { at: stateExample.since, scope: "weur", verdict: "down", reason: "3 probes in a row failed: status 500" },
        ],
      },
    ),
  },
});

const reasonSchema = z.string().max(500).default("").describe("Why, for the history and the audit trail.");
const orderAnswerSchema = inspectionSchema.extend({
  hubs: z
    .object({ told: z.array(z.string()), away: z.array(z.string()) })
    .describe("Hubs that have it, whose isolates hear of it at once; and those that are told again until they have."),
});
const orderAnswer = (description: string) => ({
  200: answers(description, orderAnswerSchema, {
    ...inspectionExample,
    hubs: { told: ["weur", "enam"], away: [] },
  }),
});

const open = declare("operate", TAG, [400, 404, 409], {
  method: "post",
  path: `${PATH}/{origin}/open`,
  summary: "Ejects an origin everywhere, then tries it",
  description:
    "After `seconds` it is half-open: trials decide. To keep an origin out, drain or disable it instead. The last origin a service has left needs `force`.",
  request: {
    params: originParamsSchema,
    body: {
      required: true,
      ...json(
        z.strictObject({
          reason: reasonSchema,
          seconds: z
            .number()
            .min(0.1)
            .max(86_400)
            .optional()
            .describe("How long it stays open. Default: the service's `openSeconds`."),
          force: z.boolean().default(false).describe("Also if the service has no other origin available."),
        }),
        { reason: "answers nonsense since the deploy", seconds: 60 },
      ),
    },
  },
  responses: orderAnswer("Open everywhere."),
});

const plainBody = {
  required: true,
  ...json(z.strictObject({ reason: reasonSchema }), { reason: "the disk is back" }),
} as const;

const close = declare("operate", TAG, [400, 404], {
  method: "post",
  path: `${PATH}/{origin}/close`,
  summary: "Takes an origin back everywhere, onto its ramp",
  request: { params: originParamsSchema, body: plainBody },
  responses: orderAnswer("Closed everywhere; what was ejected ramps up."),
});

const reset = declare("operate", TAG, [400, 404], {
  method: "post",
  path: `${PATH}/{origin}/reset`,
  summary: "Takes an origin back everywhere at once, as if nothing had happened",
  description: "No ramp, and the openings before are forgotten. Trials in flight keep their places.",
  request: { params: originParamsSchema, body: plainBody },
  responses: orderAnswer("Closed everywhere, all traffic admitted."),
});

export function addCircuitBreakers(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const from = cursor === undefined ? 0 : cursorOf(cursor);
    const view = await viewHere(system, c);
    const all = [...view.services.values()].flatMap(({ name, pools }) =>
      pools.flatMap(({ origins }) => origins.map(({ id }) => ({ origin: id, service: name }))),
    );
    const told = await askHubs(system, (hub) => hub.statistics());
    const readings = [...told.answers].map(([hub, each]) => [regionOf(hub), new Map(each.readings)] as const);
    const breakers = all.slice(from, from + limit).map(({ origin, service }) => {
      const regions = readings.flatMap(([region, byOrigin]) => {
        const reading = byOrigin.get(origin);
        return reading === undefined ? [] : [[region, regionalBody(reading)] as const];
      });
      return {
        origin,
        service,
        breaker: worst(regions.map(([, each]) => each.breaker)),
        regions: Object.fromEntries(regions),
      };
    });
    const next = from + limit < all.length ? String(from + limit) : null;
    return c.json({ breakers, next, hubs: hubsBody(told) }, 200);
  });

  app.openapi(inspect, async (c) => {
    const found = originParam(await viewHere(system, c), c.req.valid("param").origin);
    return c.json(inspectionBody(found, await reached(system.breaker(found.origin.id).inspect())), 200);
  });

  app.openapi(history, async (c) => {
    const { origin } = originParam(await viewHere(system, c), c.req.valid("param").origin);
    const { transitions, healthChanges } = await reached(system.breaker(origin.id).inspect());
    return c.json(
      {
        origin: origin.id,
        transitions: transitions.toReversed().map(({ atMs, ...rest }) => ({ at: timeOf(atMs), ...rest })),
        healthChanges: healthChanges.toReversed().map(({ atMs, ...rest }) => ({ at: timeOf(atMs), ...rest })),
      },
      200,
    );
  });

  const obeyed = async (c: Parameters<typeof audited>[0], found: FoundOrigin, order: BreakerOrder) => {
    const breaker = system.breaker(found.origin.id);
    const before = inspectionBody(found, await reached(breaker.inspect()));
    const deed = { action: `breaker.${order.kind}`, target: `origin/${found.origin.id}`, reason: order.reason };
    const told = { ...order, reason: `${c.var.principal.name}: ${order.reason || `told to ${order.kind}`}` };
    const answer = await audited(c, system, deed, before, () => reached(breaker.order(told)), order);
    const hubs = { told: [...answer.told], away: [...answer.away] };
    return { ...inspectionBody(found, answer.inspection), hubs };
  };

  app.openapi(open, async (c) => {
    const { reason, seconds = null, force } = c.req.valid("json");
    const found = originParam(await viewHere(system, c), c.req.valid("param").origin);
    if (!force && !hasAnother(found, system.now())) {
      throw new ApiProblem(
        "needs-force",
        `\`${found.service.name}\` has no other origin available now; say \`force\`.`,
      );
    }
    return c.json(await obeyed(c, found, { kind: "open", reason, seconds }), 200);
  });
  app.openapi(close, async (c) => {
    const found = originParam(await viewHere(system, c), c.req.valid("param").origin);
    return c.json(await obeyed(c, found, { kind: "close", reason: c.req.valid("json").reason, seconds: null }), 200);
  });
  app.openapi(reset, async (c) => {
    const found = originParam(await viewHere(system, c), c.req.valid("param").origin);
    return c.json(await obeyed(c, found, { kind: "reset", reason: c.req.valid("json").reason, seconds: null }), 200);
  });
}

function hasAnother({ service, origin }: FoundOrigin, nowMs: number): boolean {
  return service.pools.some(({ origins }) =>
    origins.some((other) => other !== origin && other.weight > 0 && refusalOf(other, nowMs) === null),
  );
}

function worst(phases: readonly OriginReading["breaker"][]): OriginReading["breaker"] {
  return (["open", "half-open"] as const).find((phase) => phases.includes(phase)) ?? "closed";
}
