/** One origin as the control plane tells it, and how a path names it. */
import * as z from "zod";
import { idSchema } from "../config/id.ts";
import { REGIONS } from "../config/region.ts";
import type { Config } from "../config/schema.ts";
import type { PoolState } from "../steering/availability.ts";
import { refusalOf, type OriginState } from "../steering/origin-state.ts";
import { ApiProblem } from "./problem.ts";

export const instanceSchema = z
  .object({
    id: z.string(),
    service: z.string(),
    pool: z.string(),
    region: z.enum(REGIONS).describe("Where its pool lies."),
    url: z.string(),
    weight: z.number().describe("In force now."),
    configuredWeight: z.number(),
    capacity: z.number().nullable().describe("Requests a second, worldwide; null: unbounded."),
    labels: z.record(z.string(), z.string()),
    version: z.string().nullable(),
    state: z
      .enum(["enabled", "draining", "disabled", "simulated failure", "waiting"])
      .describe(
        "What an operator wants of it. Draining keeps its sessions and takes nothing new; waiting: it is new, and takes nothing before somebody says so (`rebalance`).",
      ),
    registered: z.boolean().describe("True: it registered itself, and is not in the deployed configuration."),
    available: z.boolean().describe("Whether it may take a request, as seen from the region that answers."),
    reason: z.string().nullable().describe("Why it may not."),
    breaker: z.enum(["closed", "open", "half-open"]),
    healthy: z.boolean(),
    admission: z.number().describe("Share of its requests it takes while it ramps up, in (0, 1]."),
    latencyMs: z
      .number()
      .nullable()
      .describe("To the response head, from the region that answers; null: not measured."),
    inFlight: z.int().describe("Requests of that region that wait for its response head."),
  })
  .openapi("Instance");

export type Instance = z.infer<typeof instanceSchema>;

export const instanceExample: Instance = {
  id: "euw1",
  service: "shop",
  pool: "eu-west",
  region: "weur",
  url: "https://euw1.example.com",
  weight: 2,
  configuredWeight: 1,
  capacity: 500,
  labels: { tier: "gold" },
  version: "2",
  state: "draining",
  registered: false,
  available: false,
  reason: "draining",
  breaker: "closed",
  healthy: true,
  admission: 1,
  latencyMs: 31.5,
  inFlight: 4,
};

/** @param nowMs ms since the epoch */
export function instanceOf(
  service: string,
  pool: PoolState,
  origin: OriginState,
  isRegistered: boolean,
  nowMs: number,
): Instance {
  const { config } = origin;
  const reason = refusalOf(origin, nowMs);
  return {
    id: origin.id,
    service,
    pool: pool.id,
    region: pool.region,
    url: config.url,
    weight: origin.weight,
    configuredWeight: config.weight,
    capacity: config.capacity ?? null,
    labels: config.labels,
    version: config.version ?? null,
    state: origin.administrative,
    registered: isRegistered,
    available: reason === null,
    reason,
    breaker: origin.breaker,
    healthy: origin.healthy,
    admission: origin.admission,
    latencyMs: Number.isNaN(origin.latencyMs) ? null : origin.latencyMs,
    inFlight: origin.inFlight,
  };
}

export const serviceParam = z.object({ service: z.string().describe("Name of the service.") });
export const instanceParam = serviceParam.extend({
  instance: z.string().describe("The origin's id, or its URL (percent-encoded)."),
});

/**
 * The id of the origin that a path names.
 *
 * @throws ApiProblem `not-found` when the service has no such origin
 */
export function originIdOf(config: Config, serviceName: string, instance: string): string {
  const service = serviceOf(config, serviceName);
  const origins = Object.values(service.pools).flatMap((pool) => pool.origins);
  const href = !idSchema.safeParse(instance).success && URL.canParse(instance) ? new URL(instance).href : null;
  const found = origins.find(({ id, url }) => id === instance || (href !== null && new URL(url).href === href));
  if (found === undefined) throw noInstance(serviceName, instance);
  return found.id;
}

/** @throws ApiProblem `not-found` */
export function serviceOf(config: Config, name: string): Config["services"][string] {
  const service = Object.hasOwn(config.services, name) ? config.services[name] : undefined;
  if (service === undefined) throw new ApiProblem("not-found", `There is no service \`${name}\`.`);
  return service;
}

/** @param instance as the path has it */
export function noInstance(service: string, instance: string): ApiProblem {
  return new ApiProblem("not-found", `The service \`${service}\` has no instance \`${instance}\`.`);
}
