/** What a service may say about how an origin is chosen. */
import { about } from "#about";
import * as z from "zod";
import { idSchema } from "./id.ts";
import { REGIONS } from "./region.ts";
import { filterSchema, ruleSchema } from "./rules.ts";
import { countrySchema, hashKeySchema, poolListSchema, policySchema, type PolicyName } from "./steering-words.ts";

/** Policies that choose between places; the origins of one pool share a place, so there is nothing to choose. */
const BETWEEN_PLACES: Partial<Record<PolicyName, string>> = {
  geo: "`geo` names pools, and the origins of a pool are in one place",
  proximity: "`proximity` compares places, and the origins of a pool are in one place",
};

/** Why a policy cannot choose among the origins of a pool, or null when it can. */
export function withinFault(policy: PolicyName): string | null {
  return BETWEEN_PLACES[policy] ?? null;
}

/** A policy for the origins of a pool. */
export const withinSchema = policySchema.superRefine((policy, context) => {
  const fault = withinFault(policy);
  if (fault !== null) context.addIssue({ code: "custom", message: `a policy for the origins of a pool (${fault})` });
});

const hashSchema = z.strictObject({
  key: hashKeySchema
    .default("ip")
    .meta(
      about(
        "What ties requests together: `ip`, `path`, `header:<name>`, `cookie:<name>`, `query:<name>` or `jwt:<claim>` (of the bearer token, not verified: it steers, it does not admit). A request without it falls back to `ip`.",
      ),
    ),
});

const geoSchema = z.strictObject({
  colos: z
    .record(z.string().regex(/^[A-Z]{3}$/, "a data centre's code of three capital letters"), poolListSchema)
    .default({})
    .meta(
      about(
        "Pools by Cloudflare data centre (`FRA`), in order of preference. The most telling list comes first: data centre, country, region, continent.",
      ),
    ),
  countries: z
    .record(countrySchema, poolListSchema)
    .default({})
    .meta(about("Pools by country: two capital letters (ISO 3166-1), or `T1` for Tor.")),
  regions: z
    .partialRecord(z.enum(REGIONS), poolListSchema)
    .default({})
    .meta(
      about(
        "Pools by the region a client is in: `wnam`, `enam`, `sam`, `weur`, `eeur`, `apac`, `apac-ne`, `apac-se`, `oc`, `afr`, `me`.",
      ),
    ),
  continents: z
    .partialRecord(z.enum(["AF", "AN", "AS", "EU", "NA", "OC", "SA"]), poolListSchema)
    .default({})
    .meta(about("Pools by continent: `AF`, `AN`, `AS`, `EU`, `NA`, `OC`, `SA`.")),
  default: z
    .array(idSchema)
    .default([])
    .meta(about("Pools for everybody else, and after a list that has none available.")),
});

export const steeringSchema = z.strictObject({
  policy: policySchema
    .default("latency")
    .meta(
      about(
        "How pools are ordered for a request: `failover`, `round-robin`, `weighted-round-robin`, `random`, `weighted-random`, `least-outstanding`, `least-connections`, `least-response-time`, `latency`, `proximity`, `geo`, `consistent-hash`, `maglev`, `rendezvous`, `health-aware` or `adaptive`. When to use which: docs/how-to/steering.md.",
      ),
    ),
  within: withinSchema
    .default("weighted-round-robin")
    .meta(about("How the origins of the chosen pool are ordered: the same policies, less those that compare places.")),
  toleranceMs: z
    .number()
    .min(0)
    .default(10)
    .meta(about("Under `latency`, members within this many ms of the best share the traffic.")),
  choices: z
    .union([z.literal(2), z.literal("all")])
    .default(2)
    .meta(
      about(
        "Under the `least-...` policies: compare two drawn at random (isolates do not all run to the same one), or all.",
      ),
    ),
  balanceFactor: z
    .number()
    .gt(1)
    .max(100)
    .default(1.25)
    .meta(
      about("Under `consistent-hash`, no member takes more than this many times its fair share of what is in flight."),
    ),
  hash: hashSchema.prefault({}).meta(about("The key under `consistent-hash`, `maglev` and `rendezvous`.")),
  geo: geoSchema.prefault({}).meta(about("The lists under `geo`.")),
  exploreRatio: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.02)
    .meta(about("Under `adaptive`, the share of requests that go anywhere, to learn.")),
  overprovisioning: z
    .number()
    .min(1)
    .max(10)
    .default(1.4)
    .meta(
      about(
        "A pool keeps its whole share until fewer than 1/this of its origins (by weight) are available, then loses it in proportion.",
      ),
    ),
  rules: z
    .array(ruleSchema)
    .default([])
    .meta(about("Tried in order before any policy; the first that matches applies.")),
  filters: z.array(filterSchema).default([]).meta(about("Which origins a request may use, or should.")),
});

export type SteeringConfig = z.output<typeof steeringSchema>;
export type { PolicyName } from "./steering-words.ts";
