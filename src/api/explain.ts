/** `POST /api/v1/loadbalancer/explain`: what would be decided for a request now, and why. Decides nothing itself. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { fieldNameSchema } from "../config/header.ts";
import { explain } from "../steering/explain.ts";
import { hashOfKey } from "../steering/hash-key.ts";
import { freshView, placeOfCall } from "./fresh-view.ts";
import { ApiProblem } from "./problem.ts";
import { answers, declare, json } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";

const questionSchema = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe("The URL as the client would ask for it."),
    method: z
      .string()
      .regex(/^[A-Z]{1,32}$/, "a method in capital letters")
      .default("GET"),
    headers: z
      .record(fieldNameSchema, z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, "an HTTP field value"))
      .default({})
      .describe("The client's fields: rules and keys look at them. `CF-Connecting-IP` is its address."),
    cf: z
      .strictObject({
        colo: z.string().optional(),
        continent: z.string().optional(),
        country: z.string().optional(),
        latitude: z.string().optional().describe("Degrees, as Cloudflare gives them: text."),
        longitude: z.string().optional(),
      })
      .optional()
      .describe("Where the client is. Default: where this call comes from."),
  })
  .openapi("ExplainQuestion");

const standing = {
  id: z.string(),
  score: z.number().nullable().describe("What the policy compares, lower is better; null: it compares nothing."),
  reason: z.string().describe("Why it stands where it does."),
  passedOver: z.string().nullable().describe("Why it may not be chosen; null: it may."),
  share: z.number().describe("The share it takes of what it would get, in [0, 1]."),
};

const place = z.int().describe("0: primaries; else the backup at this place in the chain, from 1.");

const explanationSchema = z
  .object({
    service: z.string(),
    region: z.string().describe("Whose hub and whose view decide."),
    viewAgeMs: z.number().nullable().describe("null: no hub has been heard yet, the bundled configuration decides."),
    policy: z.object({ pools: z.string(), origins: z.string() }).describe("The service's `policy` and `within`."),
    rule: z.int().nullable().describe("The rule that applies, by its place in the configuration, from 0."),
    filters: z.array(z.string()),
    panicking: z.boolean().describe("Nothing is available and everything is used all the same."),
    level: place.describe("Who is chosen from: 0: primaries; else the backup at this place in the chain, from 1."),
    pools: z
      .array(z.object({ ...standing, origins: z.array(z.object({ ...standing, backup: place })) }))
      .describe("What may be chosen first, best score first."),
  })
  .openapi("Explanation");

const route = declare("read", "Steering", [400, 404], {
  method: "post",
  path: "/api/v1/loadbalancer/explain",
  summary: "What would be decided for a request now, and why",
  description:
    "Changes nothing and contacts no origin: no turn is taken and no dice are thrown. Where chance decides, candidates have their share and no order.",
  request: {
    body: {
      required: true,
      ...json(questionSchema, { url: "https://shop.example.com/cart", cf: { country: "DE", continent: "EU" } }),
    },
  },
  responses: {
    200: answers("Every pool and origin of the service, with what speaks for and against it.", explanationSchema, {
      service: "shop",
      region: "weur",
      viewAgeMs: 730,
      policy: { pools: "latency", origins: "weighted-round-robin" },
      rule: null,
      filters: [],
      panicking: false,
      level: 0,
      pools: [
        {
          id: "eu",
          score: 12.4,
          reason: "12.4 ms measured",
          passedOver: null,
          share: 1,
          origins: [
            { id: "eu2", score: 0.5, reason: "weight 2", passedOver: null, share: 1, backup: 0 },
            { id: "eu1", score: 1, reason: "weight 1", passedOver: "breaker open", share: 1, backup: 0 },
          ],
        },
      ],
    }),
  },
});

export function addExplain(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(route, async (c) => {
    const { url, method, headers, cf } = c.req.valid("json");
    const { service: name, path, target } = system.locate(new URL(url).href);
    if (name === null) throw new ApiProblem("not-found", `No service answers ${url}.`);
    const place = cf === undefined ? placeOfCall(system, c) : system.placeOf({ cf });
    const view = await freshView(system, place.region, c);
    const fields = new Headers(headers);
    const clientAddress = fields.get("CF-Connecting-IP");
    const nowMs = system.now();
    const explained = explain(
      view.services.get(name)!,
      {
        place,
        method,
        path,
        headers: fields,
        requestId: fields.get("X-Request-Id") ?? c.var.requestId,
        startedMs: nowMs,
        hashOf: (key) => hashOfKey(key, { headers: fields, target, clientAddress }),
      },
      view.syncedAtMs,
      nowMs,
    );
    const { policy: pools, within: origins } = system.effective().services[name]!.steering;
    return c.json(
      {
        ...explained,
        region: place.region,
        policy: { pools, origins },
        filters: [...explained.filters],
        pools: explained.pools.map((pool) => ({ ...pool, origins: [...pool.origins] })),
      },
      200,
    );
  });
}
