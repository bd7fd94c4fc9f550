/** How breakers are written in answers: schemas, examples, and what is made of what a breaker says. */
import * as z from "zod";
import type { CircuitBreaker } from "../resilience/circuit-breaker.ts";
import type { OriginInspection } from "../resilience/origin-history.ts";
import type { FoundOrigin } from "./origin-param.ts";

const phaseSchema = z.enum(["closed", "open", "half-open"]);
const verdictSchema = z.enum(["unknown", "up", "down"]);
const timeSchema = z.iso.datetime();

const regionalSchema = z
  .object({
    breaker: phaseSchema,
    admission: z.number().describe("Share of requests admitted while it recovers, in (0, 1]."),
    healthy: z.boolean().describe("The health verdict there."),
  })
  .openapi("RegionalBreaker");

const toldSchema = z
  .object({
    breaker: phaseSchema,
    admission: z.number().describe("Share of requests admitted while it recovers, in (0, 1]."),
    verdict: verdictSchema.describe(
      "What is known of its health. Unknown counts as well, but for an origin that was added at runtime.",
    ),
  })
  .openapi("ToldRegion");

export const summarySchema = z
  .object({
    origin: z.string(),
    service: z.string(),
    breaker: phaseSchema.describe("The worst of all regions: open before half-open before closed."),
    regions: z.record(z.string(), regionalSchema),
  })
  .openapi("BreakerSummary");

const stateSchema = z
  .object({
    breaker: phaseSchema,
    since: timeSchema.nullable().describe("null: since it was first heard of."),
    reason: z.string(),
    openings: z.int().describe("Openings in a row: what the open time doubles by."),
    until: timeSchema.nullable().describe("When an open breaker lets trials through."),
    trialsSucceeded: z.int().nullable().describe("Of a half-open breaker."),
    rampTenths: z.int().nullable().describe("Tenths of its requests admitted while it ramps up; null: all."),
  })
  .openapi("BreakerState");

export const inspectionSchema = z
  .object({
    origin: z.string(),
    service: z.string(),
    world: stateSchema.describe("Rules everywhere unless it is closed; then each region's own does."),
    regions: z.record(z.string(), stateSchema).describe("Regions whose own breaker has something to tell."),
    health: z.object({ world: verdictSchema, regions: z.record(z.string(), verdictSchema) }),
    told: z.record(z.string(), toldSchema).describe("What each region's hub goes by."),
    trialsInFlight: z.int(),
  })
  .openapi("BreakerInspection");

export const transitionSchema = z.object({
  at: timeSchema,
  scope: z.string().describe("A region, or `world`."),
  from: phaseSchema,
  to: phaseSchema,
  reason: z.string(),
});

export const healthChangeSchema = z.object({
  at: timeSchema,
  scope: z.string(),
  verdict: verdictSchema,
  reason: z.string(),
});

export const stateExample = {
  breaker: "open",
  since: "2026-11-21T09:30:00.000Z",
  reason: "5 failures in a row",
  openings: 1,
  until: "2026-11-21T09:30:33.000Z",
  trialsSucceeded: null,
  rampTenths: null,
} as const;
export const regionalExample = { breaker: "open", admission: 1, healthy: true } as const;
export const inspectionExample = {
  origin: "euw1",
  service: "shop",
  world: stateExample,
  regions: {},
  health: { world: "unknown", regions: { weur: "up" } },
  told: { weur: { breaker: "open", admission: 1, verdict: "up" } },
  trialsInFlight: 0,
} as const;

export function regionalBody({ breaker, admission, healthy }: z.infer<typeof regionalSchema>) {
  return { breaker, admission, healthy };
}

export function inspectionBody(
  { service, origin }: FoundOrigin,
  { agreement, states, verdicts, globalVerdict }: OriginInspection,
): z.infer<typeof inspectionSchema> {
  return {
    origin: origin.id,
    service: service.name,
    world: stateBody(agreement.world),
    regions: mapped(agreement.regions, stateBody),
    health: { world: globalVerdict, regions: mapped(verdicts, (verdict) => verdict) },
    told: mapped(states, ({ breaker, admission, verdict }) => ({ breaker, admission, verdict })),
    trialsInFlight: agreement.permits.slots.length,
  };
}

function mapped<Value, Body>(
  byName: Readonly<Partial<Record<string, Value>>>,
  body: (value: Value) => Body,
): Record<string, Body> {
  return Object.fromEntries(Object.entries(byName).map(([name, value]) => [name, body(value as Value)]));
}

function stateBody(state: CircuitBreaker): z.infer<typeof stateSchema> {
  return {
    breaker: state.phase,
    since: state.sinceMs === 0 ? null : timeOf(state.sinceMs),
    reason: state.reason,
    openings: state.openings,
    until: state.phase === "open" ? timeOf(state.untilMs) : null,
    trialsSucceeded: state.phase === "half-open" ? state.successes : null,
    rampTenths: state.phase === "closed" ? (state.ramp?.step ?? null) : null,
  };
}

export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
