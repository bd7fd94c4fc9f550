/** `/api/v1/loadbalancer/performance`: the last minutes of every service, from the roll-ups that hubs keep in memory. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { addLatencies, noLatencies, type LatencyCounts } from "../agreement/latency-counts.ts";
import { KEPT_MINUTES, type Performance, type ServiceMinute } from "../agreement/roll-ups.ts";
import { addCounts, allAnswers, noCounts } from "../agreement/traffic-counts.ts";
import { viewHere } from "./fresh-view.ts";
import { askHubs, hubsBody, hubsExample, hubsSchema } from "./hubs.ts";
import { answers, declare } from "./route.ts";
import { originsOf, serviceParam } from "./service-param.ts";
import type { ApiEnv, System } from "./system.ts";
import {
  instanceBodies,
  instanceTrafficExample,
  instanceTrafficSchema,
  latencyBody,
  latencyExample,
  latencySchema,
  trafficBody,
  trafficExample,
  trafficSchema,
} from "./traffic-body.ts";

const MINUTE_MS = 60_000;

const querySchema = z.object({
  window: z
    .string()
    .regex(/^(?:[1-9]|[1-5][0-9]|60)m$|^1h$/, "1m to 60m, or 1h")
    .default("1h")
    .describe("How far back: `1m` to `60m`, or `1h`. The minute that runs is in it."),
  service: z.string().max(256).optional().describe("Only this service."),
});

const minuteSchema = z.object({
  at: z.iso.datetime().describe("When the minute began, by the hubs' clocks."),
  requests: z.int(),
  errors: z.int(),
  latency: latencySchema,
});

const serviceSchema = trafficSchema
  .extend({
    service: z.string(),
    requestsPerSecond: z.number().describe("Over the whole window, also if it began before the traffic did."),
    minutes: z.array(minuteSchema).describe("Minutes with traffic, the oldest first."),
    instances: z.array(instanceTrafficSchema),
  })
  .openapi("ServicePerformance");

const route = declare("read", "Statistics", [400, 404], {
  method: "get",
  path: "/api/v1/loadbalancer/performance",
  summary: "The last minutes: rates, errors and response times, minute by minute and by origin",
  description:
    "Each hub keeps 60 roll-ups of a minute in memory. A hub that restarts begins anew, and what it knew of the hour is gone.",
  request: { query: querySchema },
  responses: {
    200: answers(
      "Every service of the window.",
      z.object({ windowMinutes: z.int(), services: z.array(serviceSchema), hubs: hubsSchema }),
      {
        windowMinutes: 60,
        services: [
          {
            service: "shop",
            ...trafficExample,
            requestsPerSecond: 33.3,
            minutes: [{ at: "2026-11-21T09:30:00.000Z", requests: 2000, errors: 0, latency: latencyExample }],
            instances: [instanceTrafficExample],
          },
        ],
        hubs: hubsExample,
      },
    ),
  },
});

export function addPerformance(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(route, async (c) => {
    const { window, service } = c.req.valid("query");
    await viewHere(system, c);
    const windowMinutes = window === "1h" ? KEPT_MINUTES : Number.parseInt(window, 10);
    const only = service === undefined ? null : serviceParam(system, service);
    const told = await askHubs(system, (hub) => hub.performance(windowMinutes, only));
    const sum = noCounts();
    for (const { counts } of told.answers.values()) addCounts(sum, counts);
    const minutes = minutesOf(told.answers.values());
    const names = only === null ? Object.keys(system.effective().services) : [only];
    return c.json(
      {
        windowMinutes,
        services: names.map((name) => {
          const counts = sum.services.get(name);
          const traffic = counts ?? { requests: 0, errors: 0, attempts: 0, retries: 0 };
          return {
            service: name,
            ...trafficBody(traffic, counts === undefined ? noLatencies() : allAnswers(counts)),
            requestsPerSecond: traffic.requests / (windowMinutes * 60),
            minutes: minutes.get(name) ?? [],
            instances: instanceBodies(originsOf(system, name), counts, sum.origins),
          };
        }),
        hubs: hubsBody(told),
      },
      200,
    );
  });
}

/** Every hub's minutes added up, by service. */
function minutesOf(hubs: Iterable<Performance>): Map<string, z.infer<typeof minuteSchema>[]> {
  const services = new Map<string, Map<number, { requests: number; errors: number; latency: LatencyCounts }>>();
  for (const { minutes } of hubs)
    for (const { minute, services: seen } of minutes)
      for (const [name, counts] of seen) addMinute(services, name, minute, counts);
  return new Map(
    [...services].map(([name, byMinute]) => [
      name,
      [...byMinute]
        .toSorted(([a], [b]) => a - b)
        .map(([minute, { requests, errors, latency }]) => ({
          at: new Date(minute * MINUTE_MS).toISOString(),
          requests,
          errors,
          latency: latencyBody(latency),
        })),
    ]),
  );
}

function addMinute(
  services: Map<string, Map<number, { requests: number; errors: number; latency: LatencyCounts }>>,
  name: string,
  minute: number,
  counts: ServiceMinute,
): void {
  const byMinute =
    services.get(name) ?? new Map<number, { requests: number; errors: number; latency: LatencyCounts }>();
  services.set(name, byMinute);
  const sum = byMinute.get(minute) ?? { requests: 0, errors: 0, latency: noLatencies() };
  byMinute.set(minute, sum);
  sum.requests += counts.requests;
  sum.errors += counts.errors;
  addLatencies(sum.latency, counts.latency);
}
