/** `/api/v1/retry`: what every service retries, and how much it did. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { regionOf } from "../agreement/sharding.ts";
import { addCounts, noCounts } from "../agreement/traffic-counts.ts";
import { FAILOVER_COUNTERS } from "../telemetry/service-counters.ts";
import { viewHere } from "./fresh-view.ts";
import { askHubs, hubsBody, hubsExample, hubsSchema } from "./hubs.ts";
import { answers, declare } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";

const ratio = z.number().nullable().describe("Retries per request; null: there were no requests.");

const serviceSchema = z
  .object({
    service: z.string(),
    attempts: z.int().describe("In all, the first included, as configured."),
    on: z.array(z.union([z.string(), z.int()])).describe("What is tried again."),
    methods: z.array(z.string()),
    budget: z.object({ ratio: z.number(), minPerSecond: z.number() }),
    hedge: z
      .object({ afterMs: z.number().nullable(), afterPercentile: z.number(), max: z.int() })
      .nullable()
      .describe("null: off."),
    made: z
      .object({ requests: z.int(), attempts: z.int(), retries: z.int(), retryRatio: ratio, failovers: z.int() })
      .describe("Since the hubs started; failovers are attempts at backups."),
    recent: z.record(z.string(), ratio).describe("Retry ratio of the last five minutes, by region."),
  })
  .openapi("ServiceRetries");

const route = declare("read", "Retries", [], {
  method: "get",
  path: "/api/v1/retry",
  summary: "What every service retries, and how much it did",
  description:
    "A region whose ratio is over the budget's gives up the retries that small isolates are allowed beyond it.",
  responses: {
    200: answers("Every service.", z.object({ services: z.array(serviceSchema), hubs: hubsSchema }), {
      services: [
        {
          service: "shop",
          attempts: 3,
          on: ["connection", "timeout", 502, 503],
          methods: ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"],
          budget: { ratio: 0.2, minPerSecond: 3 },
          hedge: null,
          made: { requests: 120_000, attempts: 120_300, retries: 300, retryRatio: 0.0025, failovers: 0 },
          recent: { weur: 0.001 },
        },
      ],
      hubs: hubsExample,
    }),
  },
});

export function addRetry(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(route, async (c) => {
    await viewHere(system, c);
    const told = await askHubs(system, (hub) => hub.statistics());
    const sum = noCounts();
    for (const { totals } of told.answers.values()) addCounts(sum, totals);
    const services = Object.entries(system.effective().services).map(([service, { retry }]) => {
      const counts = sum.services.get(service);
      const { requests = 0, attempts = 0, retries = 0 } = counts ?? {};
      const regions = [...told.answers].flatMap(([hub, { recent }]) => {
        const seen = recent.services.get(service);
        return seen === undefined ? [] : [[regionOf(hub), ratioOf(seen.retries, seen.requests)] as const];
      });
      const { hedge } = retry;
      return {
        service,
        attempts: retry.attempts,
        on: retry.on,
        methods: retry.methods,
        budget: retry.budget,
        hedge: hedge === undefined ? null : { ...hedge, afterMs: hedge.afterMs ?? null },
        made: {
          requests,
          attempts,
          retries,
          retryRatio: ratioOf(retries, requests),
          failovers: counts?.counters[FAILOVER_COUNTERS.attempt] ?? 0,
        },
        recent: Object.fromEntries(regions),
      };
    });
    return c.json({ services, hubs: hubsBody(told) }, 200);
  });
}

function ratioOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
