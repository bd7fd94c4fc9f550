/** `/api/v1/loadbalancer/health`: how every origin is from every region, as their hubs have it. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import type { OriginReading } from "../agreement/protocol.ts";
import { regionOf } from "../agreement/sharding.ts";
import { isAdministrative, refusalOf, type OriginState } from "../steering/origin-state.ts";
import { viewHere } from "./fresh-view.ts";
import { askHubs, hubsBody, hubsExample, hubsSchema } from "./hubs.ts";
import { answers, declare } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";

const statusSchema = z.enum(["healthy", "degraded", "unhealthy"]);

const originSchema = z.object({
  origin: z.string(),
  pool: z.string(),
  status: statusSchema.describe("healthy: usable from every region; degraded: from some; unhealthy: from none."),
  administrative: z.string().describe("What an operator wants of it: `enabled`, `draining`, `disabled`, ..."),
  regions: z
    .record(
      z.string(),
      z.object({
        usable: z.boolean(),
        breaker: z.enum(["closed", "open", "half-open"]),
        healthy: z.boolean(),
        admission: z.number(),
        latencyMs: z.number().nullable().describe("null: not measured from there."),
        inFlight: z.int(),
        requestsPerSecond: z.number(),
      }),
    )
    .describe("By region that answered."),
});

const serviceSchema = z
  .object({
    service: z.string(),
    status: statusSchema.describe(
      "healthy: every origin is; unhealthy: from some region none can be used; degraded: in between.",
    ),
    origins: z.array(originSchema),
  })
  .openapi("WorldHealth");

const route = declare("read", "Health", [], {
  method: "get",
  path: "/api/v1/loadbalancer/health",
  summary: "How every origin is from every region",
  responses: {
    200: answers(
      "Every service, with each region's word on each of its origins.",
      z.object({ status: statusSchema, services: z.array(serviceSchema), hubs: hubsSchema }),
      {
        status: "degraded",
        services: [
          {
            service: "shop",
            status: "degraded",
            origins: [
              {
                origin: "euw1",
                pool: "eu",
                status: "degraded",
                administrative: "enabled",
                regions: {
                  weur: {
                    usable: false,
                    breaker: "open",
                    healthy: true,
                    admission: 1,
                    latencyMs: 12.4,
                    inFlight: 0,
                    requestsPerSecond: 0,
                  },
                },
              },
            ],
          },
        ],
        hubs: hubsExample,
      },
    ),
  },
});

type Status = z.infer<typeof statusSchema>;

export function addWorldHealth(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(route, async (c) => {
    const view = await viewHere(system, c);
    const told = await askHubs(system, (hub) => hub.statistics());
    const readings = new Map([...told.answers].map(([hub, each]) => [regionOf(hub), new Map(each.readings)]));
    const nowMs = system.now();
    const services = [...view.services.values()].map(({ name, pools }) => {
      const origins = pools.flatMap((pool) =>
        pool.origins.map((origin) => originBody(origin, pool.id, readings, nowMs)),
      );
      return { service: name, status: statusOf(origins, [...readings.keys()]), origins };
    });
    const worst = (["unhealthy", "degraded"] as const).find((status) =>
      services.some((each) => each.status === status),
    );
    return c.json({ status: worst ?? "healthy", services, hubs: hubsBody(told) }, 200);
  });
}

function originBody(
  origin: OriginState,
  pool: string,
  readings: ReadonlyMap<string, ReadonlyMap<string, OriginReading>>,
  nowMs: number,
): z.infer<typeof originSchema> {
  const isTakenOut = isAdministrative(refusalOf(origin, nowMs));
  const regions = [...readings].flatMap(([region, byOrigin]) => {
    const reading = byOrigin.get(origin.id);
    if (reading === undefined) return [];
    const { breaker, healthy, admission, latencyMs, inFlight, load } = reading;
    const usable = !isTakenOut && breaker === "closed" && healthy;
    const measuredMs = Number.isNaN(latencyMs) ? null : latencyMs;
    const body = { usable, breaker, healthy, admission, latencyMs: measuredMs, inFlight, requestsPerSecond: load };
    return [[region, body] as const];
  });
  const usable = regions.filter(([, each]) => each.usable).length;
  const status: Status = usable === regions.length ? "healthy" : usable > 0 ? "degraded" : "unhealthy";
  return {
    origin: origin.id,
    pool,
    status,
    administrative: origin.administrative,
    regions: Object.fromEntries(regions),
  };
}

function statusOf(origins: readonly z.infer<typeof originSchema>[], regions: readonly string[]): Status {
  if (origins.length > 0 && origins.every(({ status }) => status === "healthy")) return "healthy";
  const isCovered = (region: string) => origins.some((origin) => origin.regions[region]?.usable === true);
  return regions.every(isCovered) && regions.length > 0 ? "degraded" : "unhealthy";
}
