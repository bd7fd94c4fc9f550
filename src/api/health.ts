/** `/health`: whether this Worker lives, may be sent traffic, and how its services are. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import type { RegionView } from "../view/region-view.ts";
import { viewHere } from "./fresh-view.ts";
import { serviceHealth, type ServiceHealth } from "./health-summary.ts";
import { ApiProblem } from "./problem.ts";
import { answers, declare } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";

const TAG = "Health";

const statusSchema = z.enum(["healthy", "degraded", "unhealthy"]).openapi("HealthStatus", {
  description:
    "healthy: every origin may take requests; degraded: some may; unhealthy: none may (those that no operator took out are then used in panic), or the service lacks what `fault` says.",
});

const serviceHealthSchema = z
  .object({
    service: z.string(),
    status: statusSchema,
    origins: z.int().describe("How many it has."),
    available: z.int().describe("How many may take requests."),
    panicking: z.boolean().describe("Nothing is available and everything is used all the same."),
    fault: z
      .string()
      .nullable()
      .describe("What it names in its configuration and this Worker has not got: its requests get 503. null: nothing."),
  })
  .openapi("ServiceHealth");

const live = declare("public", TAG, [421], {
  method: "get",
  path: "/health/live",
  summary: "Whether the Worker runs",
  responses: { 200: answers("It does.", z.object({ status: z.literal("live") }), { status: "live" }) },
});

const ready = declare("public", TAG, [421, 503], {
  method: "get",
  path: "/health/ready",
  summary: "Whether traffic may be sent here",
  description:
    "Ready is who has a sound configuration and every secret and binding it names; origins being down changes nothing. `partly-ready`: a service lacks one and answers 503, the others are served; `GET /health` says what is missing. 503: all services lack something.",
  responses: {
    200: answers("It may.", z.object({ status: z.enum(["ready", "partly-ready"]) }), { status: "ready" }),
  },
});

const overviewSchema = z.object({ status: statusSchema, services: z.array(serviceHealthSchema) });
const example = {
  service: "demo",
  status: "degraded",
  origins: 4,
  available: 3,
  panicking: false,
  fault: null,
} as const;

const overview = declare("read", TAG, [], {
  method: "get",
  path: "/health",
  summary: "How the services are, in a word each",
  responses: {
    200: answers("The worst status of all services, and each one's.", overviewSchema, {
      status: "degraded",
      services: [example],
    }),
  },
});

const viewSchema = z.object({
  region: z.string().describe("The region this answer is seen from."),
  ageMs: z
    .number()
    .nullable()
    .describe("Since a hub last brought it up to date; null: it is the bundled configuration."),
  base: z.string().describe("Content hash of the deployed configuration."),
});

const detailed = declare("read", TAG, [], {
  method: "get",
  path: "/health/detailed",
  summary: "The same, with every origin that may not take requests and the age of the view",
  responses: {
    200: answers(
      "Services with the origins that are out, and what this isolate knows it from.",
      z.object({
        status: statusSchema,
        view: viewSchema,
        services: z.array(
          serviceHealthSchema.extend({ out: z.array(z.object({ origin: z.string(), reason: z.string() })) }),
        ),
      }),
      {
        status: "degraded",
        view: { region: "weur", ageMs: 730, base: "5f0c…" },
        services: [{ ...example, out: [{ origin: "euw1", reason: "breaker open" }] }],
      },
    ),
  },
});

export function addHealth(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(live, (c) => c.json({ status: "live" as const }, 200));
  app.openapi(ready, (c) => {
    const { size } = system.faults();
    if (size === 0) return c.json({ status: "ready" as const }, 200);
    if (size < Object.keys(system.effective().services).length) return c.json({ status: "partly-ready" as const }, 200);
    throw new ApiProblem("not-configured", "Every service lacks a secret or binding; `GET /health` says which");
  });
  app.openapi(overview, async (c) => {
    const services = healthOf(system, await viewHere(system, c)).map(({ out: _out, ...summary }) => summary);
    return c.json({ status: worst(services), services }, 200);
  });
  app.openapi(detailed, async (c) => {
    const view = await viewHere(system, c);
    const services = healthOf(system, view);
    return c.json({ status: worst(services), view: describeView(system, view), services }, 200);
  });
}

/** What an answer was read from. */
export function describeView(system: System, view: RegionView): z.infer<typeof viewSchema> {
  return {
    region: view.region,
    ageMs: view.syncedAtMs === 0 ? null : system.now() - view.syncedAtMs,
    base: system.digest,
  };
}

function healthOf(system: System, view: RegionView): ServiceHealth[] {
  const nowMs = system.now();
  const faults = system.faults();
  return [...view.services.values()].map((service) => serviceHealth(service, faults.get(service.name) ?? null, nowMs));
}

function worst(services: readonly Pick<ServiceHealth, "status">[]): ServiceHealth["status"] {
  const order = ["unhealthy", "degraded", "healthy"] as const;
  return order.find((status) => services.some((service) => service.status === status)) ?? "healthy";
}
