/** What stands above the policies in the configuration: rules, filters and load shedding. */
import { about } from "#about";
import * as z from "zod";
import { fieldNameSchema, fieldValueSchema, settableNameSchema } from "./header.ts";
import { REGIONS } from "./region.ts";
import { countrySchema, hashKeySchema, policySchema, poolListSchema } from "./steering-words.ts";
import { pathPatternSchema } from "./path-pattern.ts";

const percent = z.number().min(0).max(100);

const matchSchema = z.strictObject({
  methods: z
    .array(z.string().regex(/^[A-Z]+$/, "a method in capital letters"))
    .default([])
    .meta(about("Any of these methods. Empty: all, here and below.")),
  paths: z.array(pathPatternSchema).default([]).meta(about('Any of these paths, exact or with "*" at the end.')),
  headers: z
    .record(fieldNameSchema, z.string())
    .default({})
    .meta(about('All of these fields with these values; "*" for any value.')),
  countries: z.array(countrySchema).default([]).meta(about("Any of these countries.")),
  percent: percent.default(100).meta(about("This share of the keys.")),
  key: hashKeySchema.default("ip").meta(about("What keeps a client inside or outside `percent`.")),
});

const respondSchema = z.strictObject({
  status: z.int().min(200).max(599).meta(about("Status of the answer.")),
  headers: z.record(settableNameSchema, fieldValueSchema).default({}).meta(about("Its fields.")),
  body: z.string().default("").meta(about("Its body.")),
});

const thenSchema = z.strictObject({
  pools: poolListSchema.optional().meta(about("Only these pools, whatever happens.")),
  policy: policySchema.optional().meta(about("This policy over pools instead of the service's.")),
  respond: respondSchema.optional().meta(about("Answer at once; no origin is asked.")),
});

export const ruleSchema = z
  .strictObject({
    match: matchSchema.prefault({}).meta(about("Which requests: every part has to match.")),
    then: thenSchema.meta(about("What happens to them.")),
  })
  .meta(about("The first rule that matches a request applies."));

export const filterSchema = z
  .strictObject({
    labels: z.record(z.string(), z.string()).default({}).meta(about("Labels an origin must carry.")),
    region: z.enum(REGIONS).optional().meta(about("Region its pool must lie in.")),
    version: z.string().optional().meta(about("Version it must have.")),
    percent: percent
      .optional()
      .meta(
        about(
          "A canary: this share of the keys goes to matching origins, the others to the rest; either side stands in for the other when it has nothing available. Without it every request goes to matching origins and to nothing else.",
        ),
      ),
    key: hashKeySchema.default("ip").meta(about("What keeps a client on its side of a canary.")),
  })
  .meta(about("Narrows the origins by what they are; all filters apply."));

export const shedSchema = z.strictObject({
  percent: percent.default(0).meta(about("Share of the pool's traffic sent to other pools.")),
  policy: z
    .enum(["random", "hash"])
    .default("random")
    .meta(about("`hash` always sheds the same clients, by address; `random` any.")),
});

export type RuleConfig = z.output<typeof ruleSchema>;
export type FilterConfig = z.output<typeof filterSchema>;
export type ShedConfig = z.output<typeof shedSchema>;
export type RuleAnswer = z.output<typeof respondSchema>;
