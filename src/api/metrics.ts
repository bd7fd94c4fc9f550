/** `/metrics`: what every hub counts, for Prometheus. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { viewHere } from "./fresh-view.ts";
import { askHubs } from "./hubs.ts";
import { metricsText } from "./metric-families.ts";
import { declare } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const example = `# HELP gateway_load_balancer_request_total Requests answered, by policy, by whose answer it was, and by whether it was one to be glad of.
# TYPE gateway_load_balancer_request_total counter
gateway_load_balancer_request_total{algorithm="latency",instance="euw1",service="shop",region="weur",success="true"} 60000
`;

const route = declare("read", "Metrics", [], {
  method: "get",
  path: "/metrics",
  summary: "Metrics of every region, for Prometheus",
  description:
    "Text format 0.0.4. A scrape asks each region's hub once and labels what it says with its `region` (and `shard` beyond the first); a hub that does not answer in time has `fairlead_hub_up` 0 and nothing else. Counters begin anew when a hub restarts. A scrape keeps hubs awake for some seconds: every 30 to 60 s is enough.",
  responses: {
    200: {
      description: "Requests, response times, breakers, views, cache, limits and hubs.",
      content: { [CONTENT_TYPE]: { schema: z.string(), example } },
    },
  },
});

export function addMetrics(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(route, async (c) => {
    const view = await viewHere(system, c);
    const services = new Map<string, string>();
    for (const { name, pools } of view.services.values())
      for (const { origins } of pools) for (const { id } of origins) services.set(id, name);
    const { answers, away } = await askHubs(system, (hub) => hub.statistics());
    return c.text(
      metricsText(answers, away, (origin) => services.get(origin)),
      200,
      { "Content-Type": CONTENT_TYPE },
    );
  });
}
