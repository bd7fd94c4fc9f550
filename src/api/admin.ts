/** `/api/v1/admin/loadbalancer`: what the deployment knows of itself, forgetting what it counted, and hearing everything anew. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { LOGGED_SECTIONS } from "../agreement/protocol.ts";
import { loggedVersions } from "../agreement/view-state.ts";
import { VERSION } from "../version.ts";
import { audited, reached } from "./change.ts";
import { describeView } from "./health.ts";
import { viewHere } from "./fresh-view.ts";
import { askHubs, hubsBody, hubsExample, hubsSchema } from "./hubs.ts";
import { answers, declare, json } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";

const TAG = "Administration";
const PATH = "/api/v1/admin/loadbalancer";

const countsSchema = z.record(z.string(), z.number());
const versionsSchema = z.object({ overrides: z.int(), purges: z.int(), flags: z.int() });

const hubSchema = z
  .object({
    instance: z.string().describe("This life of the hub."),
    isolates: z.int().describe("That hold a lease."),
    held: z.int().describe("Syncs that wait for something new."),
    oldestViewMs: z.number().describe("How long ago the isolate with the oldest view synced."),
    shards: z.int(),
    versions: versionsSchema,
    counters: countsSchema,
  })
  .openapi("HubDescription");

const versionsExample = { overrides: 7, purges: 3, flags: 0 };

const debug = declare("admin", TAG, [], {
  method: "get",
  path: `${PATH}/debug`,
  summary: "What the isolate that answers knows, what hubs know, and what the ControlPlane has",
  responses: {
    200: answers(
      "Versions, leases and counters. No secrets.",
      z.object({
        version: z.string(),
        isolate: z.object({
          region: z.string(),
          ageMs: z.number().nullable(),
          base: z.string(),
          lease: z.boolean(),
          versions: versionsSchema,
          syncs: countsSchema.describe("What this isolate's sync loops did since it started."),
        }),
        controlPlane: versionsSchema.describe("The newest versions there are."),
        hubs: z.record(z.string(), hubSchema),
        asked: hubsSchema,
      }),
      {
        version: "0.1.0",
        isolate: {
          region: "weur",
          ageMs: 730,
          base: "5f0c…",
          lease: true,
          versions: versionsExample,
          syncs: { syncs: 812, failures: 0 },
        },
        controlPlane: versionsExample,
        hubs: {
          weur: {
            instance: "0b7c5d1e-6a51-4d7c-9a0a-0f4f6f0f6e55",
            isolates: 12,
            held: 12,
            oldestViewMs: 1_900,
            shards: 1,
            versions: versionsExample,
            counters: { syncs: 41_230, releases: 7 },
          },
        },
        asked: hubsExample,
      },
    ),
  },
});

const reset = declare("admin", TAG, [400], {
  method: "post",
  path: `${PATH}/reset`,
  summary: "Forgets what was counted, or what breakers remember",
  description:
    "`statistics`: every hub's totals and roll-ups begin anew. `breakers`: every origin's breaker is closed everywhere at once, as if nothing had happened. Overrides, purges and the configuration stay.",
  request: {
    body: {
      required: true,
      ...json(
        z.strictObject({
          what: z
            .array(z.enum(["statistics", "breakers"]))
            .min(1)
            .describe("What to forget."),
          reason: z.string().max(500).default(""),
        }),
        { what: ["statistics"], reason: "after the load test" },
      ),
    },
  },
  responses: {
    200: answers(
      "What was forgotten.",
      z.object({
        what: z.array(z.string()),
        breakers: z.array(z.string()).describe("Origins whose breakers were reset."),
        hubs: hubsSchema,
      }),
      { what: ["statistics"], breakers: [], hubs: hubsExample },
    ),
  },
});

const reload = declare("admin", TAG, [400], {
  method: "post",
  path: `${PATH}/reload`,
  summary: "Has every hub hear everything from the ControlPlane anew",
  description: "Changes nothing that is agreed on. A hub that nobody has a lease from has nothing to renew.",
  request: {
    body: {
      required: true,
      ...json(z.strictObject({ reason: z.string().max(500).default("") }), { reason: "a hub seems to lag" }),
    },
  },
  responses: {
    200: answers(
      "Hubs that have heard it.",
      z.object({ reloaded: z.array(z.string()), idle: z.array(z.string()), hubs: hubsSchema }),
      { reloaded: ["weur"], idle: ["enam"], hubs: hubsExample },
    ),
  },
});

/** Breakers asked at once; a Worker has a handful of connections. */
const AT_ONCE = 6;

export function addAdmin(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(debug, async (c) => {
    const view = await viewHere(system, c);
    const newest = await Promise.all(
      LOGGED_SECTIONS.map(async (section) => [section, (await reached(system.control.standing(section))).version]),
    );
    const told = await askHubs(system, (hub) => hub.statistics());
    const hubs = [...told.answers].map(([hub, { description }]) => {
      const { instance, isolates, held, oldestViewMs, shards, versions, counters } = description;
      const { overrides, purges, flags } = versions;
      const body = { instance, isolates, held, oldestViewMs, shards, versions: { overrides, purges, flags } };
      return [hub, { ...body, counters: { ...counters } }] as const;
    });
    return c.json(
      {
        version: VERSION,
        isolate: {
          ...describeView(system, view),
          lease: view.sync.holdsLease(),
          versions: loggedVersions(view.agreed.logged),
          syncs: { ...system.syncCounters },
        },
        controlPlane: Object.fromEntries(newest) as z.infer<typeof versionsSchema>,
        hubs: Object.fromEntries(hubs),
        asked: hubsBody(told),
      },
      200,
    );
  });

  app.openapi(reset, async (c) => {
    const { what, reason } = c.req.valid("json");
    const deed = { action: "loadbalancer.reset", target: "deployment", reason };
    const view = await viewHere(system, c);
    const origins = [...view.services.values()].flatMap(({ pools }) =>
      pools.flatMap((pool) => pool.origins.map(({ id }) => id)),
    );
    return audited(
      c,
      system,
      deed,
      null,
      async () => {
        const breakers = what.includes("breakers") ? origins : [];
        for (let from = 0; from < breakers.length; from += AT_ONCE) {
          const some = breakers.slice(from, from + AT_ONCE);
          const order = { kind: "reset", reason: `${c.var.principal.name}: ${reason}`, seconds: null } as const;
          await Promise.all(some.map((origin) => reached(system.breaker(origin).order(order))));
        }
        const told = await askHubs(system, (hub) =>
          what.includes("statistics") ? hub.forgetStatistics() : Promise.resolve(),
        );
        return c.json({ what, breakers, hubs: hubsBody(told) }, 200);
      },
      { what },
    );
  });

  app.openapi(reload, async (c) => {
    const { reason } = c.req.valid("json");
    const deed = { action: "loadbalancer.reload", target: "deployment", reason };
    const told = await audited(c, system, deed, null, () => askHubs(system, (hub) => hub.reload()));
    const having = (isReloaded: boolean) =>
      [...told.answers].flatMap(([hub, did]) => (did === isReloaded ? [hub] : []));
    return c.json({ reloaded: having(true), idle: having(false), hubs: hubsBody(told) }, 200);
  });
}
