/** `/api/v1/cache/stats`: what the caches of all places did with requests, by service and region. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { regionOf } from "../agreement/sharding.ts";
import { CACHE_COUNTERS, type CacheEvent } from "../telemetry/service-counters.ts";
import { askHubs, hubsBody, hubsExample, hubsSchema } from "./hubs.ts";
import { answers, declare } from "./route.ts";
import { serviceParam } from "./service-param.ts";
import type { ApiEnv, System } from "./system.ts";

const countsSchema = z
  .object({
    requests: z.int().describe("That a cache rule is for."),
    hits: z.int().describe("Answered from the store, fresh."),
    stale: z.int().describe("Answered past its time without waiting: refreshed meanwhile, or the client allows it."),
    staleIfError: z.int().describe("Answered past its time because the origin failed."),
    collapsed: z.int().describe("Answered from another request's fetch."),
    validated: z.int().describe("Answered from the store after the origin had confirmed it."),
    misses: z.int().describe("Answered by the origin, or by an error."),
    hitRatio: z
      .number()
      .nullable()
      .describe("Requests for which no body came from the origin, of all; null: none yet."),
  })
  .openapi("CacheCounts");

type Counts = z.infer<typeof countsSchema>;

const example: Counts = {
  requests: 1_000,
  hits: 900,
  stale: 20,
  staleIfError: 0,
  collapsed: 30,
  validated: 10,
  misses: 40,
  hitRatio: 0.96,
};

const stats = declare("read", "Cache", [404], {
  method: "get",
  path: "/api/v1/cache/stats",
  summary: "Hits and misses of every service and region",
  description: "Hubs count in memory since they started; isolates report every two seconds.",
  request: {
    query: z.object({ service: z.string().optional().describe("Only this service.") }),
  },
  responses: {
    200: answers(
      "What the caches did.",
      z.object({
        services: z.array(
          countsSchema.extend({ service: z.string(), regions: z.array(countsSchema.extend({ region: z.string() })) }),
        ),
        hubs: hubsSchema,
      }),
      {
        services: [{ service: "shop", ...example, regions: [{ region: "weur", ...example }] }],
        hubs: hubsExample,
      },
    ),
  },
});

/** The counter of each figure. */
const EVENTS = {
  hits: "hit",
  stale: "stale",
  staleIfError: "stale-if-error",
  collapsed: "collapsed",
  validated: "validated",
  misses: "miss",
} as const satisfies Record<Exclude<keyof Counts, "requests" | "hitRatio">, CacheEvent>;

export function addCacheStats(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(stats, async (c) => {
    const { service } = c.req.valid("query");
    const names = service === undefined ? Object.keys(system.effective().services) : [serviceParam(system, service)];
    const told = await askHubs(system, (hub) => hub.statistics());
    const services = names.map((name) => {
      const regions = new Map<string, Record<string, number>>();
      const all: Record<string, number> = {};
      for (const [hub, { totals }] of told.answers) {
        const region = regionOf(hub);
        const here = regions.get(region) ?? {};
        regions.set(region, here);
        for (const [counter, count] of Object.entries(totals.services.get(name)?.counters ?? {})) {
          here[counter] = (here[counter] ?? 0) + count;
          all[counter] = (all[counter] ?? 0) + count;
        }
      }
      const counted = [...regions].map(([region, counters]) => ({ region, ...countsOf(counters) }));
      return { service: name, ...countsOf(all), regions: counted.filter(({ requests }) => requests > 0) };
    });
    return c.json({ services, hubs: hubsBody(told) }, 200);
  });
}

function countsOf(counters: Readonly<Record<string, number>>): Counts {
  const entries = Object.entries(EVENTS).map(
    ([figure, event]) => [figure, counters[CACHE_COUNTERS[event]] ?? 0] as const,
  );
  const counts = Object.fromEntries(entries) as Record<keyof typeof EVENTS, number>;
  const requests = entries.reduce((sum, [, count]) => sum + count, 0);
  return { requests, ...counts, hitRatio: requests === 0 ? null : (requests - counts.misses) / requests };
}
