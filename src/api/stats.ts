/** `/api/v1/loadbalancer/stats`: what every region's isolates did since their hubs started, added up. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import type { HubStatistics } from "../../durable-objects/hub-description.ts";
import { regionOf } from "../agreement/sharding.ts";
import {
  addCounts,
  allAnswers,
  noCounts,
  type ServiceCounts,
  type TrafficCounts,
} from "../agreement/traffic-counts.ts";
import { viewHere } from "./fresh-view.ts";
import { askHubs, hubsBody, hubsExample, hubsSchema } from "./hubs.ts";
import { answers, declare } from "./route.ts";
import { originsOf, serviceParam, serviceParamsSchema } from "./service-param.ts";
import type { ApiEnv, System } from "./system.ts";
import {
  instanceBodies,
  instanceTrafficExample,
  instanceTrafficSchema,
  trafficBody,
  trafficExample,
  trafficSchema,
} from "./traffic-body.ts";

const TAG = "Statistics";

const serviceSchema = trafficSchema
  .extend({
    service: z.string(),
    counters: z.record(z.string(), z.int()).describe("Further events by name: `cache.hit`, `limit.login.refused`, ..."),
  })
  .openapi("ServiceStatistics");

const regionSchema = trafficSchema.extend({ region: z.string() });

const shared = {
  sinceSeconds: z
    .number()
    .describe("How long the longest-running hub has been counting; a hub that restarts begins anew."),
  hubs: hubsSchema,
};

const example = { service: "shop", ...trafficExample, counters: { "cache.hit": 80_000, "cache.miss": 40_000 } };

const all = declare("read", TAG, [], {
  method: "get",
  path: "/api/v1/loadbalancer/stats",
  summary: "Requests, errors, retries and response times of every service",
  description:
    "Hubs count in memory since they started; each is asked, and what they say is added up. Isolates report every two seconds.",
  responses: {
    200: answers("Every service.", z.object({ services: z.array(serviceSchema), ...shared }), {
      services: [example],
      sinceSeconds: 86_400,
      hubs: hubsExample,
    }),
  },
});

const one = declare("read", TAG, [404], {
  method: "get",
  path: "/api/v1/loadbalancer/stats/{service}",
  summary: "The same of one service, by origin and by region",
  request: { params: serviceParamsSchema },
  responses: {
    200: answers(
      "The service, its origins, and the regions its requests came in at.",
      serviceSchema.extend({ instances: z.array(instanceTrafficSchema), regions: z.array(regionSchema), ...shared }),
      {
        ...example,
        instances: [instanceTrafficExample],
        regions: [{ region: "weur", ...trafficExample }],
        sinceSeconds: 86_400,
        hubs: hubsExample,
      },
    ),
  },
});

export function addStats(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(all, async (c) => {
    await viewHere(system, c);
    const told = await askHubs(system, (hub) => hub.statistics());
    const { services } = sumOf(told.answers.values());
    const names = Object.keys(system.effective().services);
    return c.json(
      {
        services: names.map((name) => serviceBody(name, services.get(name))),
        sinceSeconds: sinceSeconds(told.answers.values()),
        hubs: hubsBody(told),
      },
      200,
    );
  });
  app.openapi(one, async (c) => {
    await viewHere(system, c);
    const service = serviceParam(system, c.req.valid("param").service);
    const told = await askHubs(system, (hub) => hub.statistics());
    const sum = sumOf(told.answers.values());
    const counts = sum.services.get(service);
    return c.json(
      {
        ...serviceBody(service, counts),
        instances: instanceBodies(originsOf(system, service), counts, sum.origins),
        regions: byRegion(told.answers).flatMap(([region, { services }]) => {
          const seen = services.get(service);
          return seen === undefined ? [] : [{ region, ...trafficBody(seen, allAnswers(seen)) }];
        }),
        sinceSeconds: sinceSeconds(told.answers.values()),
        hubs: hubsBody(told),
      },
      200,
    );
  });
}

function sumOf(hubs: Iterable<HubStatistics>): TrafficCounts {
  const sum = noCounts();
  for (const { totals } of hubs) addCounts(sum, totals);
  return sum;
}

/** Shards of a region together. */
function byRegion(hubs: ReadonlyMap<string, HubStatistics>): [region: string, counts: TrafficCounts][] {
  const regions = new Map<string, TrafficCounts>();
  for (const [hub, { totals }] of hubs) {
    const region = regionOf(hub);
    const counts = regions.get(region) ?? noCounts();
    addCounts(counts, totals);
    regions.set(region, counts);
  }
  return [...regions];
}

const NOTHING = { requests: 0, errors: 0, attempts: 0, retries: 0, counters: {}, answers: new Map() };

function serviceBody(service: string, counts: ServiceCounts = NOTHING): z.infer<typeof serviceSchema> {
  return { service, ...trafficBody(counts, allAnswers(counts)), counters: counts.counters };
}

function sinceSeconds(hubs: Iterable<HubStatistics>): number {
  return Math.max(0, ...[...hubs].map(({ spanMs }) => spanMs)) / 1000;
}
