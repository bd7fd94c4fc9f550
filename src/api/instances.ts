/** `/api/v1/loadbalancer/instances`: the origins and what is known of them. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import * as z from "zod";
import { REGIONS } from "../config/region.ts";
import type { RegionView } from "../view/region-view.ts";
import { viewHere } from "./fresh-view.ts";
import {
  instanceExample,
  instanceOf,
  instanceParam,
  instanceSchema,
  originIdOf,
  serviceOf,
  serviceParam,
  type Instance,
  noInstance,
} from "./instance.ts";
import { pageQuery } from "./page.ts";
import { answers, declare } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";
import { invalid } from "./validation.ts";

const TAG = "Instances";
const BASE = "/api/v1/loadbalancer/instances";

const filterQuery = pageQuery.extend({
  region: z.enum(REGIONS).optional().describe("Only origins whose pool lies there."),
  version: z.string().optional().describe("Only origins of this version."),
  pool: z.string().optional().describe("Only origins of this pool."),
});

const pageSchema = z.object({
  instances: z.array(instanceSchema),
  next: z.string().nullable().describe("`cursor` of the next page; null: this is the last."),
});
const pageExample = { instances: [instanceExample], next: null };
const FILTERS =
  "Filters add up; `label.<name>=<value>` keeps the origins that have the label: `?label.tier=gold&region=weur`. By id, a page at a time. What is known of them is what the answering region knows.";

const list = declare("read", TAG, [400], {
  method: "get",
  path: BASE,
  summary: "Every origin of the deployment",
  description: FILTERS,
  request: { query: filterQuery },
  responses: { 200: answers("A page of them.", pageSchema, pageExample) },
});

const ofService = declare("read", TAG, [400, 404], {
  method: "get",
  path: `${BASE}/{service}`,
  summary: "The origins of a service",
  description: FILTERS,
  request: { params: serviceParam, query: filterQuery },
  responses: { 200: answers("A page of them.", pageSchema, pageExample) },
});

const one = declare("read", TAG, [404], {
  method: "get",
  path: `${BASE}/{service}/{instance}`,
  summary: "One origin",
  request: { params: instanceParam },
  responses: { 200: answers("The origin, as seen from the region that answers.", instanceSchema, instanceExample) },
});

export function addInstances(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(list, async (c) => {
    const view = await viewHere(system, c);
    return c.json(pageOf(c, instancesOf(view, null, system.now()), c.req.valid("query")), 200);
  });
  app.openapi(ofService, async (c) => {
    const view = await viewHere(system, c);
    const { service } = c.req.valid("param");
    serviceOf(system.effective(), service);
    return c.json(pageOf(c, instancesOf(view, service, system.now()), c.req.valid("query")), 200);
  });
  app.openapi(one, async (c) => {
    const view = await viewHere(system, c);
    const { service, instance } = c.req.valid("param");
    const id = originIdOf(system.effective(), service, instance);
    const found = instancesOf(view, service, system.now()).find((each) => each.id === id);
    if (found === undefined) throw noInstance(service, instance);
    return c.json(found, 200);
  });
}

/** @param service null: of every service */
function instancesOf({ services, agreed }: RegionView, service: string | null, nowMs: number): Instance[] {
  const registered = agreed.logged.overrides.entries;
  return [...services.values()]
    .filter(({ name }) => service === null || name === service)
    .flatMap(({ name, pools }) =>
      pools.flatMap((pool) =>
        pool.origins.map((origin) => {
          const isRegistered = (registered.get(`registration/${origin.id}`)?.value ?? null) !== null;
          return instanceOf(name, pool, origin, isRegistered, nowMs);
        }),
      ),
    );
}

function pageOf(
  c: Context<ApiEnv>,
  instances: readonly Instance[],
  { region, version, pool, limit, cursor }: z.infer<typeof filterQuery>,
): z.infer<typeof pageSchema> {
  const labels = labelsOf(c);
  const page = instances
    .filter((instance) => region === undefined || instance.region === region)
    .filter((instance) => version === undefined || instance.version === version)
    .filter((instance) => pool === undefined || instance.pool === pool)
    .filter((instance) => labels.every(([name, value]) => instance.labels[name] === value))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const from = cursor === undefined ? 0 : page.findIndex(({ id }) => id > cursor);
  const start = from === -1 ? page.length : from;
  const shown = page.slice(start, start + limit);
  return { instances: shown, next: start + limit < page.length ? shown.at(-1)!.id : null };
}

/** @throws ApiProblem for a parameter that is none: a filter that is misspelt would show what was not asked for */
function labelsOf(c: Context<ApiEnv>): [name: string, value: string][] {
  const known = new Set(["region", "version", "pool", "limit", "cursor"]);
  const labels: [string, string][] = [];
  for (const [parameter, value] of Object.entries(c.req.query())) {
    if (parameter.startsWith("label.")) labels.push([parameter.slice("label.".length), value]);
    else if (!known.has(parameter))
      throw invalid([
        {
          parameter,
          detail: `Expected \`${parameter}\` to be absent (filters are \`label.<name>\`, \`region\`, \`version\` and \`pool\`)`,
        },
      ]);
  }
  return labels;
}
