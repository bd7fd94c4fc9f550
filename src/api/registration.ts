/** Origins that register themselves: `POST` and `DELETE /api/v1/loadbalancer/instances/{service}`. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import type { Override } from "../agreement/override.ts";
import { originUrlFault, withoutCredentials } from "../config/check.ts";
import { idSchema } from "../config/id.ts";
import { originSchema, type OriginConfig } from "../config/origin.ts";
import { registrationAllowed } from "../config/registration-pattern.ts";
import { reached } from "./change.ts";
import { instanceParam, originIdOf, serviceOf, serviceParam } from "./instance.ts";
import { changeBody, changeExample, changeSchema, reasonSchema } from "./override-body.ts";
import { amend, standingOverrides, type Amendment, type StandingOverrides } from "./overrides.ts";
import { ApiProblem } from "./problem.ts";
import { answers, declare, json } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";
import { wrongMember } from "./validation.ts";
import { waitMember, waitOf, waitQuery } from "./wait.ts";

const TAG = "Registration";

const registrationSchema = z.strictObject({
  id: idSchema.optional().describe("Default: made from the URL, the same each time."),
  url: z.string().min(1).max(2_048).describe("Has to match `registration.allow` of the deployed configuration."),
  pool: idSchema.describe("The pool of the service that it joins."),
  weight: originSchema.shape.weight,
  capacity: originSchema.shape.capacity,
  labels: z.record(z.string().min(1).max(64), z.string().max(256)).default({}).describe("For filters and rules."),
  version: z.string().max(256).optional().describe("What is deployed there."),
  ttlSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .nullable()
    .default(null)
    .describe("It goes if it is not registered again within this time, in seconds; null: it stays until deregistered."),
});
type Wanted = z.output<typeof registrationSchema>;

const bodySchema = z.union([
  registrationSchema.extend({ reason: reasonSchema, ...waitMember }),
  z.strictObject({
    instances: z.array(registrationSchema).min(1).max(1_000).describe("All of them, or none if one is refused."),
    reason: reasonSchema,
    ...waitMember,
  }),
]);

const example = {
  url: "https://web-7.origins.example.com",
  pool: "eu-west",
  weight: 1,
  labels: { tier: "gold" },
  version: "2",
  ttlSeconds: 30,
};

const register = declare("config", TAG, [400, 404, 409, 412], {
  method: "post",
  path: "/api/v1/loadbalancer/instances/{service}",
  summary: "Register an origin, or renew its heartbeat",
  description:
    "One origin, or a batch in `instances`. Registered again as it is, it is a heartbeat: it costs no revision, no row and no waiting. Registered again differently, it is changed. A heartbeat lives in memory; after a restart each origin has one TTL of grace.",
  request: { params: serviceParam, query: waitQuery, body: { required: true, ...json(bodySchema, example) } },
  responses: {
    200: answers(
      "It is registered.",
      changeSchema.extend({
        instances: z.array(z.string()).describe("The ids, in the order in which they were sent."),
      }),
      { ...changeExample, overrides: [], instances: ["web-7.origins.example.com"] },
    ),
  },
});

const deregister = declare("config", TAG, [400, 404, 409, 412], {
  method: "delete",
  path: "/api/v1/loadbalancer/instances/{service}/{instance}",
  summary: "Deregister an origin that registered itself",
  description:
    "It is drained first: it takes nothing new, and goes when `drainSeconds` are over. With `force` it goes at once. An origin of the deployed configuration is drained or disabled instead.",
  request: {
    params: instanceParam,
    query: waitQuery.extend({
      force: z
        .enum(["true", "false"])
        .default("false")
        .describe("At once, and even if the service is left without origins."),
      drainSeconds: z.coerce
        .number()
        .int()
        .min(1)
        .max(86_400)
        .default(30)
        .describe("How long it is drained, in seconds."),
      reason: z.string().max(500).default("").describe("Why; kept with the change and in the audit trail."),
    }),
  },
  responses: { 200: answers("It takes nothing new, or is gone.", changeSchema, changeExample) },
});

export function addRegistration(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(register, async (c) => {
    const { service } = c.req.valid("param");
    const body = c.req.valid("json");
    const isBatch = "instances" in body;
    const wanted = isBatch ? body.instances : [body];
    const waitMs = waitOf(c.req.valid("query"), body);
    // A service that is not there is no reason to judge what was sent.
    serviceOf(system.effective(), service);
    const origins = wanted.map((each, index) => originOf(system, each, isBatch ? ["instances", index] : []));
    const instances = origins.map(({ id }) => id);

    const standing = await standingOverrides(system);
    const isKnown = wanted.every((each, index) => standsAs(standing, service, each, origins[index]!));
    if (isKnown) {
      await reached(system.control.heartbeat(instances));
      const confirmation = { complete: true, effectiveWithinMs: 0, hubs: { confirmed: 0, total: 0 } };
      return c.json({ revision: standing.revision, overrides: [], ...confirmation, instances }, 200);
    }
    const answer = await amend(c, system, waitMs, (now) =>
      registered(now, service, wanted, origins, body.reason, isBatch),
    );
    return c.json({ ...changeBody(answer), instances }, 200);
  });

  app.openapi(deregister, async (c) => {
    const { service, instance } = c.req.valid("param");
    const { waitMs, force, drainSeconds, reason } = c.req.valid("query");
    const answer = await amend(c, system, waitMs, ({ overrides, overlay }): Amendment => {
      const origin = originIdOf(overlay.config, service, instance);
      const key = `registration/${origin}`;
      const registration = overrides.get(key);
      if (registration?.kind !== "registration")
        throw new ApiProblem("conflict", `\`${origin}\` is part of the deployed configuration: drain or disable it.`);
      const deed = { action: "instance.deregister", target: `origin/${origin}`, reason, force: force === "true" };
      if (force === "true") {
        const about = [...overrides].filter(([, each]) => "origin" in each && each.origin === origin);
        return {
          ...deed,
          entries: [key, ...about.map(([other]) => other)].map((each) => ({ key: each, value: null })),
        };
      }
      const goesAtMs = system.now() + drainSeconds * 1000;
      const drained = { kind: "administrative", origin, state: "draining", expiresAtMs: null } as const;
      return {
        ...deed,
        entries: [
          { key, value: { ...registration, ttlSeconds: null, expiresAtMs: goesAtMs } },
          { key: `administrative/${origin}`, value: drained },
        ],
      };
    });
    return c.json(changeBody(answer), 200);
  });
}

/** @throws ApiProblem for a URL that may not register */
function originOf(system: System, wanted: Wanted, at: readonly PropertyKey[]): OriginConfig {
  const fault =
    originUrlFault(wanted.url) ??
    (registrationAllowed(system.config.registration.allow, wanted.url)
      ? null
      : "a URL that `registration.allow` of the deployed configuration allows");
  if (fault !== null) throw wrongMember([...at, "url"], fault, withoutCredentials(wanted.url));
  const { id, pool: _pool, ttlSeconds: _ttl, ...rest } = wanted;
  const { url, weight, labels, capacity, version } = rest;
  return originSchema.parse({
    id: id ?? idOf(url),
    url,
    weight,
    labels,
    ...(capacity === undefined ? {} : { capacity }),
    ...(version === undefined ? {} : { version }),
  });
}

/** A URL as an id: host, port and path, told apart by a hash where they are too long or were spelt differently. */
function idOf(text: string): string {
  const url = new URL(text);
  const spelt = `${url.host}${url.pathname === "/" ? "" : url.pathname}`;
  const plain = spelt
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, "");
  if (plain === spelt && plain.length <= 64) return plain;
  let hash = 0x811c9dc5;
  for (const character of url.href) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return `${plain.slice(0, 55).replace(/[^a-z0-9]+$/, "")}-${hash.toString(16).padStart(8, "0")}`;
}

function standsAs(
  { overrides }: StandingOverrides,
  service: string,
  { pool, ttlSeconds }: Wanted,
  origin: OriginConfig,
): boolean {
  const known = overrides.get(`registration/${origin.id}`);
  return (
    known?.kind === "registration" &&
    known.service === service &&
    known.pool === pool &&
    known.ttlSeconds === ttlSeconds &&
    known.expiresAtMs === null &&
    JSON.stringify(known.origin) === JSON.stringify(origin)
  );
}

/** @throws ApiProblem for a pool that is not there, or an id or URL that another origin has */
function registered(
  { overrides, overlay }: StandingOverrides,
  serviceName: string,
  wanted: readonly Wanted[],
  origins: readonly OriginConfig[],
  reason: string,
  isBatch: boolean,
): Amendment {
  const service = serviceOf(overlay.config, serviceName);
  const taken = new Set(
    Object.values(overlay.config.services)
      .flatMap(({ pools }) => Object.values(pools).flatMap((pool) => pool.origins.map(({ id }) => id)))
      .filter((id) => !overrides.has(`registration/${id}`)),
  );
  const entries = wanted.map(({ pool, ttlSeconds }, index) => {
    const origin = origins[index]!;
    if (!Object.hasOwn(service.pools, pool)) {
      const at = isBatch ? ["instances", index, "pool"] : ["pool"];
      throw wrongMember(at, `one of ${Object.keys(service.pools).join(", ")}`, pool);
    }
    const before = overrides.get(`registration/${origin.id}`);
    const isElsewhere = before?.kind === "registration" && before.service !== serviceName;
    if (taken.has(origin.id) || isElsewhere)
      throw new ApiProblem("conflict", `The id \`${origin.id}\` is taken by another origin.`);
    taken.add(origin.id);
    const value = { kind: "registration", service: serviceName, pool, origin, ttlSeconds, expiresAtMs: null } as const;
    return { key: `registration/${origin.id}`, value };
  });
  // One that comes back while it was drained to go is wanted again.
  const back = [...overrides].flatMap(([key, override]) => {
    if (override.kind !== "administrative" || override.state !== "draining") return [];
    const before = overrides.get(`registration/${override.origin}`) as
      | (Override & { kind: "registration" })
      | undefined;
    const isGoing = before !== undefined && before.expiresAtMs !== null;
    return isGoing && origins.some(({ id }) => id === override.origin) ? [{ key, value: null }] : [];
  });
  const target = origins.length === 1 ? `origin/${origins[0]!.id}` : `service/${serviceName}`;
  return { action: "instance.register", target, reason, entries: [...entries, ...back] };
}
