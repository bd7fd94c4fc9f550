/** `/api/v1/rate-limits`: the limits of every service, what they did, and forgiving one key what it has used. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { overrideKey, type LimitReset, type Override } from "../agreement/override.ts";
import { addCounts, noCounts } from "../agreement/traffic-counts.ts";
import { nameDigest } from "../config/digest.ts";
import { PRIORITIES } from "../config/priority-levels.ts";
import type { RateLimitConfig } from "../config/rate-limits.ts";
import { keyFor } from "../rate-limit/key.ts";
import { limiterScope, limiterText } from "../rate-limit/limiter-name.ts";
import { LIMIT_EVENTS, limitCounters, shedCounter } from "../telemetry/limit-events.ts";
import { makeChange, reached } from "./change.ts";
import { viewHere } from "./fresh-view.ts";
import { askHubs, hubsBody, hubsExample, hubsSchema } from "./hubs.ts";
import { ApiProblem } from "./problem.ts";
import { answers, declare, json } from "./route.ts";
import { serviceParam } from "./service-param.ts";
import type { ApiEnv, System } from "./system.ts";
import { invalid } from "./validation.ts";
import { confirmationBody, confirmationExample, confirmationSchema, waitMember, waitOf, waitQuery } from "./wait.ts";

const TAG = "Rate limits";

/** Isolates that hear of a reset later than this remember nothing older, ms. */
const RESET_LASTS_MS = 60_000;

const count = z.int();
const limitSchema = z
  .object({
    service: z.string(),
    name: z.string(),
    key: z.array(z.string()).describe("Who is counted, as configured."),
    limit: z.int(),
    windowSeconds: z.int(),
    algorithm: z.string(),
    mode: z.string().nullable().describe("null: the algorithm's default."),
    dryRun: z.boolean(),
    events: z
      .object({
        admitted: count,
        refused: count,
        "dry-run-refused": count,
        "unanswered-allowed": count,
        "unanswered-denied": count,
      })
      .describe("Requests since the hubs started."),
  })
  .openapi("RateLimit");

const shedSchema = z.object({ service: z.string(), level: z.string(), requests: z.int() });

const list = declare("read", TAG, [], {
  method: "get",
  path: "/api/v1/rate-limits",
  summary: "Every limit, and what it did",
  responses: {
    200: answers(
      "Limits in the order of the configuration, and requests turned away because of their level.",
      z.object({ limits: z.array(limitSchema), shed: z.array(shedSchema), hubs: hubsSchema }),
      {
        limits: [
          {
            service: "shop",
            name: "login",
            key: ["ip"],
            limit: 10,
            windowSeconds: 60,
            algorithm: "sliding-window",
            mode: "leased",
            dryRun: false,
            events: {
              admitted: 4_100,
              refused: 23,
              "dry-run-refused": 0,
              "unanswered-allowed": 0,
              "unanswered-denied": 0,
            },
          },
        ],
        shed: [{ service: "shop", level: "low", requests: 12 }],
        hubs: hubsExample,
      },
    ),
  },
});

const reset = declare("operate", TAG, [400, 404, 409], {
  method: "post",
  path: "/api/v1/rate-limits/{name}/{key}/reset",
  summary: "Forgives one key what it has used",
  description:
    "The key's count begins anew, and isolates forget the refusals they remember of it. Limits of mode `local` are counted where no one call reaches and cannot be reset.",
  request: {
    params: z.object({
      name: z.string().max(128).describe("The limit's name."),
      key: z
        .string()
        .max(2048)
        .describe(
          "Whose count: a value of the first entry of the limit's `key` (`203.0.113.9`), or `entry=value` for another (`header:x-user=ann`). Where an entry has several parts, their values joined by `+`, each encoded once more.",
        ),
    }),
    query: waitQuery,
    body: {
      required: true,
      ...json(
        z.strictObject({
          service: z.string().max(256).optional().describe("Needed where two services have a limit of that name."),
          reason: z.string().max(500).default(""),
          ...waitMember,
        }),
        { service: "shop", reason: "a customer behind one address" },
      ),
    },
  },
  responses: {
    200: answers(
      "The count is forgiven; how far the isolates have heard of it.",
      confirmationSchema.extend({ service: z.string(), limit: z.string() }),
      { service: "shop", limit: "login", ...confirmationExample },
    ),
  },
});

export function addRateLimits(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(list, async (c) => {
    await viewHere(system, c);
    const told = await askHubs(system, (hub) => hub.statistics());
    const sum = noCounts();
    for (const { totals } of told.answers.values()) addCounts(sum, totals);
    const services = Object.entries(system.effective().services);
    const countersOf = (service: string) => sum.services.get(service)?.counters ?? {};
    const limits = services.flatMap(([service, { rateLimits }]) =>
      rateLimits.map((limit) => limitBody(service, limit, countersOf(service))),
    );
    const shed = services.flatMap(([service]) =>
      PRIORITIES.flatMap((level) => {
        const requests = countersOf(service)[shedCounter(level)] ?? 0;
        return requests === 0 ? [] : [{ service, level, requests }];
      }),
    );
    return c.json({ limits, shed, hubs: hubsBody(told) }, 200);
  });

  app.openapi(reset, async (c) => {
    await viewHere(system, c);
    const { name, key } = c.req.valid("param");
    const body = c.req.valid("json");
    const { service: named, reason } = body;
    const { service, limit } = limitNamed(system, name, named);
    if (limit.mode === "local") {
      throw new ApiProblem("conflict", `\`${name}\` is counted in each isolate or data centre: nobody can reset it.`);
    }
    const limiter = await nameDigest(limiterText(limiterScope(service, limit), keyText(limit, key)));
    await reached(system.limiter(limiter).reset());
    const told: Override & LimitReset = {
      kind: "limit-reset",
      service,
      limit: name,
      limiter,
      expiresAtMs: system.now() + RESET_LASTS_MS,
    };
    const change = await makeChange(
      c,
      system,
      {
        section: "overrides",
        entries: [{ key: overrideKey(told), value: told }],
        action: "rate-limit.reset",
        target: `limit/${service}/${name}`,
        reason,
      },
      waitOf(c.req.valid("query"), body),
    );
    return c.json({ service, limit: name, ...confirmationBody(change) }, 200);
  });
}

function limitBody(
  service: string,
  { name, key, limit, windowSeconds, algorithm, mode, dryRun }: RateLimitConfig,
  counters: Readonly<Record<string, number>>,
): z.infer<typeof limitSchema> {
  const names = limitCounters(name);
  const events = Object.fromEntries(LIMIT_EVENTS.map((event) => [event, counters[names[event]] ?? 0])) as z.infer<
    typeof limitSchema
  >["events"];
  return { service, name, key, limit, windowSeconds, algorithm, mode: mode ?? null, dryRun, events };
}

/** @throws ApiProblem when there is none, or when there are several and none is named */
function limitNamed(system: System, name: string, service: string | undefined) {
  const services = service === undefined ? Object.keys(system.effective().services) : [serviceParam(system, service)];
  const found = services.flatMap((service) =>
    system
      .effective()
      .services[service]!.rateLimits.filter((limit) => limit.name === name)
      .map((limit) => ({
        service,
        limit,
      })),
  );
  if (found.length > 1) {
    const names = found.map((each) => `\`${each.service}\``).join(", ");
    throw new ApiProblem("conflict", `Several services have a limit \`${name}\`: say which \`service\` (${names}).`);
  }
  const [only] = found;
  if (only === undefined) throw new ApiProblem("not-found", `There is no limit \`${name}\`.`);
  return only;
}

/** @throws ApiProblem for a key that the limit cannot have */
function keyText({ key: entries }: RateLimitConfig, text: string): string {
  const entry = entries.find((each) => text.startsWith(`${each}=`));
  const value = entry === undefined ? text : text.slice(entry.length + 1);
  const used = entry ?? entries[0]!;
  try {
    return keyFor(used, used.includes("+") ? value.split("+").map(decodeURIComponent) : [value]);
  } catch {
    const detail = `Expected \`key\` to have a value for each part of \`${used}\`, got ${JSON.stringify(value)}`;
    throw invalid([{ parameter: "key", detail }]);
  }
}
