/** `/api/v1/loadbalancer/rebalance`: how changes of the topology are taking effect, what waits, and what happened. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import type { Override } from "../agreement/override.ts";
import { nextStepMs, progressOf } from "../agreement/taking-effect.ts";
import { originOf, released, serviceOfOrigin, waitingOf } from "../agreement/topology-change.ts";
import type { Revision } from "../agreement/revision.ts";
import type { Config } from "../config/schema.ts";
import { reached } from "./change.ts";
import { serviceOf, serviceParam } from "./instance.ts";
import { changeBody, changeExample, changeSchema, forceSchema, reasonSchema } from "./override-body.ts";
import { amend, standingOverrides, type StandingOverrides } from "./overrides.ts";
import { cursorOf, pageQuery } from "./page.ts";
import { ApiProblem } from "./problem.ts";
import { answers, declare, json } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";
import { waitMember, waitOf, waitQuery } from "./wait.ts";

const TAG = "Rebalancing";
const PATH = "/api/v1/loadbalancer/rebalance";

/** Revisions read at once, and at most, to find a page of events. */
const READ_AT_ONCE = 100;
const READ_AT_MOST = 1_000;

const kindSchema = z.enum(["state", "weight", "registration"]);

const changeOfTraffic = {
  origin: z.string(),
  kind: kindSchema,
  to: z.union([z.string(), z.number()]).describe("A state, a weight, or `registered`."),
};

const moveSchema = z
  .object({
    ...changeOfTraffic,
    waits: z.boolean().describe("True: it takes effect when it is released."),
    progress: z.number().describe("How far it has got, in [0, 1]."),
    nextStep: z.iso.datetime().nullable().describe("null: it waits."),
    since: z.iso.datetime().nullable(),
    author: z.string(),
    reason: z.string(),
  })
  .openapi("RebalancingChange");

const statusSchema = z
  .object({
    service: z.string(),
    strategy: z.enum(["immediate", "gradual", "manual"]),
    stepPercent: z.number(),
    stepSeconds: z.number(),
    changes: z.array(moveSchema).describe("Those that have not taken effect yet, or not wholly."),
  })
  .openapi("Rebalancing");

const eventSchema = z
  .object({
    revision: z.int(),
    at: z.iso.datetime(),
    service: z.string(),
    ...changeOfTraffic,
    from: z.union([z.string(), z.number()]).describe("What the override before said; `configured`: there was none."),
    takes: z.enum(["effect at once", "steps", "effect when released"]),
    author: z.string(),
    reason: z.string(),
  })
  .openapi("RebalancingEvent");

const at = "2026-11-21T09:30:00.000Z";
const statusExample: z.infer<typeof statusSchema> = {
  service: "shop",
  strategy: "gradual",
  stepPercent: 10,
  stepSeconds: 30,
  changes: [
    {
      origin: "euw1",
      kind: "state",
      to: "draining",
      waits: false,
      progress: 0.3,
      nextStep: "2026-11-21T09:31:30.000Z",
      since: at,
      author: "token:ops",
      reason: "new kernel",
    },
  ],
};
const eventExample: z.infer<typeof eventSchema> = {
  revision: 17,
  at,
  service: "shop",
  origin: "euw1",
  kind: "state",
  from: "configured",
  to: "draining",
  takes: "steps",
  author: "token:ops",
  reason: "new kernel",
};

const page = {
  events: z.array(eventSchema).describe("Changes of topology, the newest first, from the log of revisions."),
  next: z.string().nullable().describe("`cursor` of the next page."),
};

const list = declare("read", TAG, [400], {
  method: "get",
  path: PATH,
  summary: "How changes of the topology take effect, service by service, and what happened",
  request: { query: pageQuery },
  responses: {
    200: answers("Every service, and a page of events.", z.object({ services: z.array(statusSchema), ...page }), {
      services: [statusExample],
      events: [eventExample],
      next: null,
    }),
  },
});

const one = declare("read", TAG, [400, 404], {
  method: "get",
  path: `${PATH}/{service}`,
  summary: "The same of one service",
  request: { params: serviceParam, query: pageQuery },
  responses: {
    200: answers("The service, and a page of its events.", statusSchema.extend(page), {
      ...statusExample,
      events: [eventExample],
      next: null,
    }),
  },
});

const release = declare("operate", TAG, [400, 404, 409, 412], {
  method: "post",
  path: `${PATH}/{service}`,
  summary: "Let the changes take effect that wait",
  description: "Under `manual`, changes wait for this. All that wait are released together.",
  request: {
    params: serviceParam,
    query: waitQuery,
    body: {
      required: true,
      ...json(
        z.strictObject({
          strategy: z
            .enum(["immediate", "gradual"])
            .default("immediate")
            .describe("At once, or in the service's steps, the first one now."),
          reason: reasonSchema,
          force: forceSchema,
          ...waitMember,
        }),
        { strategy: "gradual", reason: "quiet hours" },
      ),
    },
  },
  responses: { 200: answers("They take effect.", changeSchema, changeExample) },
});

export function addRebalance(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(list, async (c) => {
    const standing = await standingOverrides(system);
    const { config } = standing.overlay;
    const services = Object.keys(config.services).map((name) => statusOf(name, standing, system.now()));
    return c.json({ services, ...(await eventsOf(system, config, null, c.req.valid("query"))) }, 200);
  });

  app.openapi(one, async (c) => {
    const { service } = c.req.valid("param");
    const standing = await standingOverrides(system);
    serviceOf(standing.overlay.config, service);
    const events = await eventsOf(system, standing.overlay.config, service, c.req.valid("query"));
    return c.json({ ...statusOf(service, standing, system.now()), ...events }, 200);
  });

  app.openapi(release, async (c) => {
    const { service } = c.req.valid("param");
    const body = c.req.valid("json");
    const { strategy, reason, force } = body;
    const answer = await amend(c, system, waitOf(c.req.valid("query"), body), (standing) => {
      serviceOf(standing.overlay.config, service);
      if (waitingOf(service, standing).length === 0)
        throw new ApiProblem("conflict", `Nothing waits at \`${service}\`.`);
      const entries = released(service, strategy === "gradual", standing, system.now());
      const deed = { action: "rebalance.release", target: `service/${service}`, reason };
      return { ...deed, entries, force, isRebalanced: true };
    });
    return c.json(changeBody(answer), 200);
  });
}

function statusOf(
  name: string,
  { overrides, overlay }: StandingOverrides,
  nowMs: number,
): z.infer<typeof statusSchema> {
  const { strategy, stepPercent, stepSeconds } = overlay.config.services[name]!.rebalance;
  const changes = [...overrides.values()].flatMap((override): z.infer<typeof moveSchema>[] => {
    const { taking, by } = override;
    const traffic = trafficOf(override);
    const isOver = override.expiresAtMs !== null && override.expiresAtMs <= nowMs;
    if (taking === undefined || traffic === null || isOver || serviceOfOrigin(override, overlay.config) !== name)
      return [];
    const progress = progressOf(taking, nowMs);
    if (progress === 1) return [];
    const dueMs = nextStepMs(taking, nowMs);
    return [
      {
        ...traffic,
        waits: taking.sinceMs === null,
        progress,
        nextStep: dueMs === Infinity ? null : timeOf(dueMs),
        since: by === undefined ? null : timeOf(by.atMs),
        author: by?.author ?? "",
        reason: by?.reason ?? "",
      },
    ];
  });
  return { service: name, strategy, stepPercent, stepSeconds, changes };
}

/** A page of events, from as many revisions as that takes: most revisions are about something else. */
async function eventsOf(
  system: System,
  config: Config,
  service: string | null,
  { limit, cursor }: z.infer<typeof pageQuery>,
): Promise<{ events: z.infer<typeof eventSchema>[]; next: string | null }> {
  const events: z.infer<typeof eventSchema>[] = [];
  let before = cursor === undefined ? undefined : cursorOf(cursor);
  for (let read = 0; read < READ_AT_MOST; read += READ_AT_ONCE) {
    const revisions = await reached(system.control.changes("overrides", READ_AT_ONCE, before));
    for (const revision of revisions) {
      const found = eventsIn(revision, config).filter((event) => service === null || event.service === service);
      // A revision is told whole: a page may be longer than was asked for, by those of its last one.
      events.push(...found);
      before = revision.version;
      if (events.length >= limit) return { events, next: String(before) };
    }
    if (revisions.length < READ_AT_ONCE) return { events, next: null };
  }
  return { events, next: String(before) };
}

function eventsIn({ version, atMs, note, changes }: Revision, config: Config): z.infer<typeof eventSchema>[] {
  return changes.flatMap(({ before, after }) => {
    const [was, is] = [before as Override | null, after as Override | null];
    const subject = is ?? was;
    const traffic = subject === null ? null : trafficOf(subject);
    const service = subject === null ? null : serviceOfOrigin(subject, config);
    if (traffic === null || service === null) return [];
    const taking = is?.taking;
    return [
      {
        revision: version,
        at: timeOf(atMs),
        service,
        ...traffic,
        from: was === null ? "configured" : (trafficOf(was)?.to ?? "configured"),
        to: is === null ? "configured" : traffic.to,
        takes:
          taking === undefined
            ? "effect at once"
            : taking.sinceMs === null
              ? "effect when released"
              : ("steps" as const),
        author: note.actor ?? "",
        reason: note.reason ?? "",
      } as const,
    ];
  });
}

/** null: it moves no origin's traffic. */
function trafficOf(
  override: Override,
): { origin: string; kind: z.infer<typeof kindSchema>; to: string | number } | null {
  const origin = originOf(override);
  if (origin === null) return null;
  if (override.kind === "weight") return { origin, kind: "weight", to: override.weight };
  if (override.kind === "administrative") return { origin, kind: "state", to: override.state };
  return { origin, kind: "registration", to: "registered" };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
