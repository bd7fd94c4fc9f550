/** `/api/v1/loadbalancer/sessions`: what sessions there are, one of them, and their end. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import {
  AFFINITY_SHARDS,
  affinityShard,
  affinityShardName,
  type SessionFilter,
  type SessionRecord,
} from "../affinity/messages.ts";
import type { LogEntry } from "../agreement/revision.ts";
import { sessionRuleKey, type SessionRule } from "../agreement/session-rule.ts";
import { SESSION_COUNTERS } from "../telemetry/service-counters.ts";
import { makeChange, reached } from "./change.ts";
import { askHubs } from "./hubs.ts";
import { pageQuery } from "./page.ts";
import { mayDo } from "./principal.ts";
import { ApiProblem } from "./problem.ts";
import { answers, declare } from "./route.ts";
import {
  cookieBody,
  recordBody,
  sessionExample,
  sessionSchema,
  statisticsExample,
  statisticsSchema,
  totalOf,
  type StatisticsBody,
} from "./session-body.ts";
import { findSession, stickyServices, type FoundSession } from "./session-lookup.ts";
import { serviceParam } from "./service-param.ts";
import type { ApiEnv, System } from "./system.ts";
import { invalid } from "./validation.ts";
import { confirmationBody, confirmationExample, confirmationSchema, waitQuery } from "./wait.ts";

const TAG = "Sessions";
const PATH = "/api/v1/loadbalancer/sessions";

/** Sessions revoked one by one at once; every isolate remembers each. */
const MOST_REVOCATIONS = 10_000;

const filterQuery = z.object({
  service: z.string().max(256).optional().describe("Only those of this service."),
  origin: z.string().max(256).optional().describe("Only those at home on this origin (its id)."),
});

const reasonQuery = z.object({ reason: z.string().max(500).default("").describe("Why, for the audit trail.") });

const omittedSchema = z.array(z.object({ service: z.string(), because: z.string() }));

const list = declare("read", TAG, [400, 404], {
  method: "get",
  path: PATH,
  summary: "Sessions that have a record, and statistics of all",
  description:
    "Sessions of mode `cookie` are known by their client only: `omitted` names the services whose sessions are missing here. Look one up, or end it, by its cookie's value.",
  request: { query: pageQuery.extend(filterQuery.shape) },
  responses: {
    200: answers(
      "A page of sessions, in no order that means anything.",
      z.object({
        sessions: z.array(sessionSchema),
        next: z.string().nullable().describe("`cursor` of the next page."),
        omitted: omittedSchema,
        statistics: statisticsSchema
          .nullable()
          .describe("Of all services, whatever the filter; only on the first page."),
      }),
      {
        sessions: [sessionExample],
        next: null,
        omitted: [{ service: "blog", because: "its sessions are in cookies, which leave no record" }],
        statistics: statisticsExample,
      },
    ),
  },
});

const params = z.object({
  session: z.string().max(512).describe("The hash of its key (`session` in the list), or the value of its cookie."),
});

const look = declare("read", TAG, [404], {
  method: "get",
  path: `${PATH}/{session}`,
  summary: "One session",
  request: { params },
  responses: { 200: answers("Where it is at home, and for how long.", sessionSchema, sessionExample) },
});

const endedSchema = confirmationSchema.extend({
  ended: z.int().nullable().describe("How many; null: not known, because some are in cookies."),
  version: z.int().describe("Of the sessions section: the affinity epoch."),
});

const endOne = declare("operate", TAG, [400, 404, 409], {
  method: "delete",
  path: `${PATH}/{session}`,
  summary: "Ends one session",
  description:
    "It is revoked until it would have ended. The client's next request begins a new one, wherever steering sends it.",
  request: { params, query: waitQuery.extend(reasonQuery.shape) },
  responses: {
    200: answers("Ended: complete when every isolate with a lease has it.", endedSchema, {
      ended: 1,
      version: 7,
      ...confirmationExample,
    }),
  },
});

const endAll = declare("operate", TAG, [400, 404], {
  method: "delete",
  path: PATH,
  summary: "Ends all sessions of a service or of an origin",
  description:
    "Cookies included: each says which epoch it began under, and those from before this one are not accepted any more.",
  request: { query: waitQuery.extend(filterQuery.shape).extend(reasonQuery.shape) },
  responses: {
    200: answers("Ended: complete when every isolate with a lease has it.", endedSchema, {
      ended: null,
      version: 8,
      ...confirmationExample,
    }),
  },
});

export function addSessions(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(list, async (c) => {
    const { limit, cursor, ...query } = c.req.valid("query");
    const filter = filterOf(system, query);
    const page = await pageOf(system, filter, cursor, limit);
    const showsKeys = mayDo(c.var.principal, "admin");
    const omitted = stickyServices(system).flatMap(({ name, affinity }) =>
      affinity.mode === "cookie" && (query.service ?? name) === name
        ? [{ service: name, because: "its sessions are in cookies, which leave no record" }]
        : [],
    );
    return c.json(
      {
        sessions: page.sessions.map((record) => recordBody(record, showsKeys)),
        next: page.next,
        omitted,
        statistics: cursor === undefined ? await statisticsOf(system) : null,
      },
      200,
    );
  });

  app.openapi(look, async (c) => {
    const found = await findSession(system, c.req.valid("param").session, c.env.SESSION_SECRET);
    if (await isRevoked(system, found)) throw new ApiProblem("not-found", "This session was ended.");
    return c.json(bodyOf(found, mayDo(c.var.principal, "admin")), 200);
  });

  app.openapi(endOne, async (c) => {
    const { waitMs, reason } = c.req.valid("query");
    const found = await findSession(system, c.req.valid("param").session, c.env.SESSION_SECRET);
    const { id, issuedMs } = found.kind === "record" ? found.record.binding : found.session;
    // A renewal after this cookie was copied prolongs it, but never beyond its whole time.
    const rule: SessionRule = { kind: "revocation", session: id, expiresAtMs: issuedMs + longestMs(system) };
    const entries = await withSweep(system, rule);
    const deed = { action: "session.end", target: `session/${id}`, reason };
    const change = await makeChange(c, system, { section: "sessions", entries, ...deed }, waitMs);
    if (found.kind === "record") {
      const { hash } = found.record;
      await reached(system.sessions(affinityShard(hash)).revoke(hash, id));
    }
    return c.json({ ended: 1, version: change.version, ...confirmationBody(change) }, 200);
  });

  app.openapi(endAll, async (c) => {
    const { waitMs, reason, ...query } = c.req.valid("query");
    const filter = filterOf(system, query);
    const { service, origin } = filter;
    if ((service === undefined) === (origin === undefined)) {
      throw invalid([
        { parameter: "service", detail: "Expected either `service` or `origin`: whose sessions are to end" },
      ]);
    }
    const expiresAtMs = system.now() + longestMs(system);
    const rule: SessionRule =
      service === undefined
        ? { kind: "affinity-epoch", origin: origin!, expiresAtMs }
        : { kind: "affinity-epoch", service, expiresAtMs };
    const entries = await withSweep(system, rule);
    const target = service === undefined ? `origin/${origin}` : `service/${service}`;
    const deed = { action: "sessions.end", target, reason };
    const change = await makeChange(c, system, { section: "sessions", entries, ...deed }, waitMs);
    const revoked = await reached(Promise.all(shards(system).map((shard) => shard.revokeAll(filter))));
    const inCookies = stickyServices(system).some(
      ({ name, affinity, origins }) =>
        affinity.mode.includes("cookie") && (service === undefined ? origins.includes(origin!) : name === service),
    );
    const ended = inCookies ? null : revoked.reduce((sum, each) => sum + each, 0);
    return c.json({ ended, version: change.version, ...confirmationBody(change) }, 200);
  });
}

/** @throws ApiProblem for a service or an origin that is not configured */
function filterOf(system: System, { service, origin }: z.infer<typeof filterQuery>): SessionFilter {
  if (service !== undefined) serviceParam(system, service);
  if (origin !== undefined && !hasOrigin(system, origin))
    throw new ApiProblem("not-found", `There is no origin \`${origin}\`.`);
  return { ...(service === undefined ? {} : { service }), ...(origin === undefined ? {} : { origin }) };
}

/** Registered ones included: this isolate's view has them. */
function hasOrigin(system: System, id: string): boolean {
  return system.config.regions
    .slice(0, 1)
    .some((region) =>
      [...system.viewFrom(region).services.values()].some(({ pools }) =>
        pools.some(({ origins }) => origins.some((origin) => origin.id === id)),
      ),
    );
}

function shards(system: System) {
  return Array.from({ length: AFFINITY_SHARDS }, (_, index) => system.sessions(affinityShardName(index)));
}

/** One page: shard after shard, from where the page before ended. */
async function pageOf(system: System, filter: SessionFilter, cursor: string | undefined, limit: number) {
  const at = cursor === undefined ? { shard: 0, hash: "" } : placeOf(cursor);
  const sessions: SessionRecord[] = [];
  for (let shard = at.shard; shard < AFFINITY_SHARDS; shard++) {
    const after = shard === at.shard ? at.hash : "";
    const left = limit - sessions.length;
    const page = await reached(system.sessions(affinityShardName(shard)).list(filter, after, left));
    sessions.push(...page);
    if (sessions.length >= limit) return { sessions, next: `${shard}-${page.at(-1)!.hash}` };
  }
  return { sessions, next: null };
}

function placeOf(cursor: string): { shard: number; hash: string } {
  const [, shard = "", hash = ""] = /^(\d{1,3})-([0-9a-f]{32})$/.exec(cursor) ?? [];
  if (hash === "" || Number(shard) >= AFFINITY_SHARDS) {
    throw invalid([{ parameter: "cursor", detail: "Expected `cursor` to be `next` of the page before" }]);
  }
  return { shard: Number(shard), hash };
}

async function statisticsOf(system: System): Promise<StatisticsBody> {
  const [each, told] = await Promise.all([
    reached(Promise.all(shards(system).map((shard) => shard.statistics()))),
    askHubs(system, (hub) => hub.statistics()),
  ]);
  const cookies = { created: 0, moved: 0 };
  const inCookies = stickyServices(system).filter(({ affinity }) => affinity.mode === "cookie");
  for (const { totals } of told.answers.values()) {
    for (const { name } of inCookies) {
      const counters = totals.services.get(name)?.counters;
      cookies.created += counters?.[SESSION_COUNTERS.created] ?? 0;
      cookies.moved += counters?.[SESSION_COUNTERS.moved] ?? 0;
    }
  }
  return { ...totalOf(each), cookies, away: [...told.away] };
}

/** The rule, and the end of those that say nothing any more. */
async function withSweep(system: System, rule: SessionRule): Promise<LogEntry<"sessions">[]> {
  const { entries } = await reached(system.control.standing("sessions"));
  const nowMs = system.now();
  const over = [...entries].filter(([, { expiresAtMs }]) => expiresAtMs <= nowMs).map(([key]) => key);
  const revocations = [...entries.values()].filter(({ kind }) => kind === "revocation").length;
  if (rule.kind === "revocation" && revocations - over.length >= MOST_REVOCATIONS) {
    throw new ApiProblem(
      "conflict",
      `${MOST_REVOCATIONS} sessions are revoked one by one already; end all of their service or origin instead.`,
    );
  }
  const key = sessionRuleKey(rule);
  return [...over.filter((each) => each !== key).map((each) => ({ key: each, value: null })), { key, value: rule }];
}

async function isRevoked(system: System, found: FoundSession): Promise<boolean> {
  const { id } = found.kind === "record" ? found.record.binding : found.session;
  const { entries } = await reached(system.control.standing("sessions"));
  return entries.has(sessionRuleKey({ kind: "revocation", session: id, expiresAtMs: 0 }));
}

/** No session lives longer, ms. */
function longestMs(system: System): number {
  return Math.max(0, ...stickyServices(system).map(({ affinity }) => affinity.ttlSeconds)) * 1000;
}

function bodyOf(found: FoundSession, showsKeys: boolean): z.infer<typeof sessionSchema> {
  return found.kind === "record"
    ? recordBody(found.record, showsKeys)
    : cookieBody(found.session, found.scope, found.services);
}
