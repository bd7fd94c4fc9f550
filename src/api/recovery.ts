/** `/api/v1/loadbalancer/recovery`: who is out and how they come back, who stands in meanwhile, and putting one back by hand. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import type { OriginId, OriginReading } from "../agreement/protocol.ts";
import { regionOf } from "../agreement/sharding.ts";
import { FAILOVER_COUNTERS } from "../telemetry/service-counters.ts";
import type { OriginState } from "../steering/origin-state.ts";
import { isAdministrative, refusalBy } from "../steering/origin-state.ts";
import type { FailoverLog } from "../steering/serving.ts";
import type { RegionView } from "../view/region-view.ts";
import { audited, reached } from "./change.ts";
import { viewHere } from "./fresh-view.ts";
import { askHubs, hubsBody, hubsExample, hubsSchema } from "./hubs.ts";
import { noInstance } from "./instance.ts";
import { ApiProblem } from "./problem.ts";
import { outByBreaker, outByOperator, type Out } from "./recovery-out.ts";
import { answers, declare, json } from "./route.ts";
import { serviceParamsSchema } from "./service-param.ts";
import type { ApiEnv, System } from "./system.ts";

const TAG = "Recovery";
const PATH = "/api/v1/loadbalancer/recovery";

/** Breakers asked for one answer; of further origins it says what hubs know of them. */
const MAX_ASKED = 40;

const timeSchema = z.iso.datetime();

const outSchema = z
  .object({
    origin: z.string(),
    scope: z.string().describe("A region, or `world`."),
    phase: z
      .enum(["open", "half-open", "ramping", "unhealthy", "draining", "disabled", "simulated failure", "waiting"])
      .describe("The last four by an operator's word."),
    since: timeSchema.nullable().describe("null: not known."),
    reason: z.string(),
    nextTrial: timeSchema.nullable().describe("When an open breaker lets trials through; null: no time is set."),
    share: z.number().describe("Share of its requests that it takes now, in [0, 1]."),
  })
  .openapi("OriginOut");

const servingSchema = z
  .object({
    region: z.string(),
    by: z
      .string()
      .describe(
        "`primaries`, the name of a backup, `panic` (nobody is well and everything is used) or `nobody`: by what is agreed on in the region.",
      ),
    since: timeSchema.nullable().describe("null: from the start."),
    failovers: z.int().describe("How often that has changed."),
  })
  .openapi("Serving");

const serviceSchema = z
  .object({
    service: z.string(),
    serving: z.array(servingSchema),
    backupAttempts: z.int().describe("Attempts at backups since the hubs started."),
    backupFailures: z.int().describe("Of these: those that failed."),
    out: z.array(outSchema).describe("Origins that do not take all of their requests."),
  })
  .openapi("ServiceRecovery");

const failoverSchema = z
  .object({
    at: timeSchema,
    region: z.string(),
    service: z.string(),
    from: z.string(),
    to: z.string(),
    reason: z.string(),
  })
  .openapi("Failover");

const at = "2026-11-21T09:30:00.000Z";
const outExample: z.infer<typeof outSchema> = {
  origin: "euw1",
  scope: "world",
  phase: "open",
  since: at,
  reason: "5 failures in a row",
  nextTrial: "2026-11-21T09:30:33.000Z",
  share: 0,
};

const list = declare("read", TAG, [], {
  method: "get",
  path: PATH,
  summary: "Who is out and how they come back, and who stands in meanwhile",
  description: `Of the last 100 failovers of each region, the newest first. At most ${MAX_ASKED} breakers are asked; of further origins no more is said than hubs know.`,
  responses: {
    200: answers(
      "Every service, and the log of failovers.",
      z.object({ services: z.array(serviceSchema), failovers: z.array(failoverSchema), hubs: hubsSchema }),
      {
        services: [
          {
            service: "shop",
            serving: [{ region: "weur", by: "static", since: at, failovers: 1 }],
            backupAttempts: 1200,
            backupFailures: 0,
            out: [outExample],
          },
        ],
        failovers: [
          { at, region: "weur", service: "shop", from: "primaries", to: "static", reason: "euw1 breaker open" },
        ],
        hubs: hubsExample,
      },
    ),
  },
});

const force = declare("operate", TAG, [400, 404, 409], {
  method: "post",
  path: `${PATH}/{service}/{instance}/force`,
  summary: "Puts an origin back at once",
  description:
    "Its breaker closes everywhere, and the ramp is skipped. What an operator took out is enabled instead, and a failing health check goes on to count.",
  request: {
    params: serviceParamsSchema.extend({
      instance: z.string().max(2048).describe("The origin's id, or its URL (percent-encoded)."),
    }),
    body: {
      required: true,
      ...json(z.strictObject({ reason: z.string().max(500).default("").describe("Why; kept in the audit trail.") }), {
        reason: "the disk is back",
      }),
    },
  },
  responses: {
    200: answers(
      "It takes all of its requests, as far as its breaker goes.",
      z.object({
        service: z.string(),
        origin: z.string(),
        was: z.array(outSchema).describe("What kept it from taking all of its requests; empty: nothing did."),
        out: z.array(outSchema).describe("What still does."),
        hubs: z
          .object({ told: z.array(z.string()), away: z.array(z.string()) })
          .describe("Hubs whose isolates hear of it at once; and those that are told again until they have."),
      }),
      { service: "shop", origin: "euw1", was: [outExample], out: [], hubs: { told: ["weur", "enam"], away: [] } },
    ),
  },
});

export function addRecovery(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(list, async (c) => {
    const view = await viewHere(system, c);
    const [statistics, logs] = await Promise.all([
      askHubs(system, (hub) => hub.statistics()),
      askHubs(system, (hub) => hub.failovers()),
    ]);
    const limping = new Map<OriginId, (readonly [region: string, OriginReading])[]>();
    for (const [hub, { readings }] of statistics.answers)
      for (const [origin, reading] of readings)
        if (reading.breaker !== "closed" || reading.admission < 1 || !reading.healthy)
          limping.set(origin, [...(limping.get(origin) ?? []), [regionOf(hub), reading]]);
    const asked = await outsOf(system, [...limping.keys()]);
    const services = [...view.services.values()].map(({ name, pools }) => {
      let attempts = 0;
      let failures = 0;
      for (const { totals } of statistics.answers.values()) {
        const counters = totals.services.get(name)?.counters ?? {};
        attempts += counters[FAILOVER_COUNTERS.attempt] ?? 0;
        failures += counters[FAILOVER_COUNTERS.failure] ?? 0;
      }
      const out = pools.flatMap(({ origins }) =>
        origins.flatMap((origin) => [
          ...operatorsWord(view, origin),
          ...(asked.get(origin.id) ?? (limping.get(origin.id) ?? []).map((told) => asHubsSay(origin.id, ...told))),
        ]),
      );
      return {
        service: name,
        serving: servingOf(logs.answers, name),
        backupAttempts: attempts,
        backupFailures: failures,
        out: out.map(outBody),
      };
    });
    return c.json({ services, failovers: failoversOf(logs.answers), hubs: hubsBody(logs) }, 200);
  });

  app.openapi(force, async (c) => {
    const { service: name, instance } = c.req.valid("param");
    const { reason } = c.req.valid("json");
    const view = await viewHere(system, c);
    const origin = instanceIn(view, name, instance);
    if (isAdministrative(refusalBy(origin.administrative, undefined)))
      throw new ApiProblem(
        "conflict",
        `\`${origin.id}\` is out by an operator's word (${origin.administrative}): enable it instead.`,
      );
    const breaker = system.breaker(origin.id);
    const was = outByBreaker(await reached(breaker.inspect()));
    const deed = { action: "recovery.force", target: `origin/${origin.id}`, reason };
    const told = `${c.var.principal.name}: ${reason || "put back by hand"}`;
    const order = { kind: "reset", reason: told, seconds: null } as const;
    const answer = await audited(c, system, deed, was.map(outBody), () => reached(breaker.order(order)), order);
    return c.json(
      {
        service: name,
        origin: origin.id,
        was: was.map(outBody),
        out: outByBreaker(answer.inspection).map(outBody),
        hubs: { told: [...answer.told], away: [...answer.away] },
      },
      200,
    );
  });
}

/** @throws ApiProblem `not-found` */
function instanceIn({ services }: RegionView, name: string, idOrUrl: string): OriginState {
  const service = services.get(name);
  if (service === undefined) throw new ApiProblem("not-found", `There is no service \`${name}\`.`);
  const origins = service.pools.flatMap((pool) => pool.origins);
  const found = origins.find(({ id, config }) => id === idOrUrl || config.url === idOrUrl);
  if (found === undefined) throw noInstance(name, idOrUrl);
  return found;
}

/** What breakers say of origins that are not all there. One that cannot be reached is left out. */
async function outsOf(system: System, origins: readonly OriginId[]): Promise<Map<OriginId, Out[]>> {
  const asked = origins.slice(0, MAX_ASKED);
  const told = await Promise.allSettled(asked.map((origin) => system.breaker(origin).inspect()));
  return new Map(
    told.flatMap((each, index) =>
      each.status === "fulfilled" ? [[asked[index]!, outByBreaker(each.value)] as const] : [],
    ),
  );
}

function operatorsWord(view: RegionView, { id, administrative }: OriginState): Out[] {
  if (administrative === "enabled") return [];
  const keys = { "simulated failure": "failure", waiting: "registration", draining: null, disabled: null } as const;
  const key = `${keys[administrative] ?? "administrative"}/${id}`;
  return [outByOperator(id, administrative, view.agreed.logged.overrides.entries.get(key)?.value?.by)];
}

function asHubsSay(origin: OriginId, scope: string, { breaker, admission, healthy }: OriginReading): Out {
  const phase = breaker !== "closed" ? breaker : healthy ? "ramping" : "unhealthy";
  const share = phase === "ramping" ? admission : 0;
  return { origin, scope, phase, sinceMs: null, reason: "its breaker was not asked", nextTrialMs: null, share };
}

function servingOf(logs: ReadonlyMap<string, FailoverLog>, service: string): z.infer<typeof servingSchema>[] {
  return ofRegions(logs).map(([region, { serving }]) => {
    const { by, sinceMs, failovers } = serving[service] ?? { by: "primaries", sinceMs: 0, failovers: 0 };
    return { region, by, since: sinceMs === 0 ? null : timeOf(sinceMs), failovers };
  });
}

function failoversOf(logs: ReadonlyMap<string, FailoverLog>): z.infer<typeof failoverSchema>[] {
  const all = ofRegions(logs).flatMap(([region, { failovers }]) => failovers.map((each) => ({ region, ...each })));
  return all
    .toSorted((a, b) => b.atMs - a.atMs)
    .map(({ atMs, region, service, from, to, reason }) => ({ at: timeOf(atMs), region, service, from, to, reason }));
}

/** Shards of a region see the same: the first speaks for it. */
function ofRegions(logs: ReadonlyMap<string, FailoverLog>): (readonly [region: string, FailoverLog])[] {
  return [...logs].filter(([hub]) => regionOf(hub) === hub);
}

function outBody({ sinceMs, nextTrialMs, ...rest }: Out): z.infer<typeof outSchema> {
  return {
    ...rest,
    since: sinceMs === null ? null : timeOf(sinceMs),
    nextTrial: nextTrialMs === null ? null : timeOf(nextTrialMs),
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
