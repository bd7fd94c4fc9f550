/** What stands above the policies in the configuration: rules, filters and load shedding. */
import * as z from "zod";
import { fieldNameSchema } from "./header.ts";
import { REGIONS } from "./region.ts";
import { countrySchema, hashKeySchema, policySchema, poolListSchema } from "./steering-words.ts";

const percent = z.number().min(0).max(100);

const matchSchema = z.strictObject({
  methods: z
    .array(z.string().regex(/^[A-Z]+$/, "a method in capital letters"))
    .default([])
    .meta({ description: "Any of these methods. Empty: all, here and below." }),
  paths: z
    .array(z.string().regex(/^\/[^?#*]*\*?$/, 'a path that starts with "/", optionally ending in "*"'))
    .default([])
    .meta({ description: 'Any of these paths, exact or with "*" at the end.' }),
  headers: z
    .record(fieldNameSchema, z.string())
    .default({})
    .meta({ description: 'All of these fields with these values; "*" for any value.' }),
  countries: z.array(countrySchema).default([]).meta({ description: "Any of these countries." }),
  percent: percent.default(100).meta({ description: "This share of the keys." }),
  key: hashKeySchema.default("ip").meta({ description: "What keeps a client inside or outside `percent`." }),
});

const respondSchema = z.strictObject({
  status: z.int().min(200).max(599).meta({ description: "Status of the answer." }),
  headers: z.record(fieldNameSchema, z.string()).default({}).meta({ description: "Its fields." }),
  body: z.string().default("").meta({ description: "Its body." }),
});

const thenSchema = z.strictObject({
  pools: poolListSchema.optional().meta({ description: "Only these pools, whatever happens." }),
  policy: policySchema.optional().meta({ description: "This policy over pools instead of the service's." }),
  respond: respondSchema.optional().meta({ description: "Answer at once; no origin is asked." }),
});

export const ruleSchema = z
  .strictObject({
    match: matchSchema.prefault({}).meta({ description: "Which requests: every part has to match." }),
    then: thenSchema.meta({ description: "What happens to them." }),
  })
  .meta({ description: "The first rule that matches a request applies." });

export const filterSchema = z
  .strictObject({
    labels: z.record(z.string(), z.string()).default({}).meta({ description: "Labels an origin must carry." }),
    region: z.enum(REGIONS).optional().meta({ description: "Region its pool must lie in." }),
    version: z.string().optional().meta({ description: "Version it must have." }),
    percent: percent.optional().meta({
      description:
        "A canary: this share of the keys goes to matching origins, the others to the rest; either side stands in for the other when it has nothing available. Without it every request goes to matching origins and to nothing else.",
    }),
    key: hashKeySchema.default("ip").meta({ description: "What keeps a client on its side of a canary." }),
  })
  .meta({ description: "Narrows the origins by what they are; all filters apply." });

export const shedSchema = z.strictObject({
  percent: percent.default(0).meta({ description: "Share of the pool's traffic sent to other pools." }),
  policy: z
    .enum(["random", "hash"])
    .default("random")
    .meta({ description: "`hash` always sheds the same clients, by address; `random` any." }),
});

export type RuleConfig = z.output<typeof ruleSchema>;
export type FilterConfig = z.output<typeof filterSchema>;
export type ShedConfig = z.output<typeof shedSchema>;
export type RuleAnswer = z.output<typeof respondSchema>;
