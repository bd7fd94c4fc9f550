/** What a rate limit may say in the configuration. */
import { about } from "#about";
import * as z from "zod";
import { idSchema } from "./id.ts";
import { prioritySchema } from "./priorities.ts";
import { pathPatternSchema } from "./path-pattern.ts";

const KEY_PART =
  /^(?:ip|path|method|country|asn|api-key|constant|(?:header|cookie):[!#$%&'*.^_`|~0-9A-Za-z-]+|query:[^+\s]+|jwt:[^+\s]+|constant:[^+\s]+)$/;

const keySchema = z
  .string()
  .refine(
    (text) => text.split("+").every((part) => KEY_PART.test(part)),
    'a key: "ip", "path", "method", "country", "asn", "api-key", "constant", "header:<name>", "cookie:<name>", "query:<name>", "jwt:<claim>", or several joined by "+"',
  );

const hostSchema = z
  .string()
  .regex(/^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, 'a host in lower case without port: exact or "*.example.com"');
const methodSchema = z.string().regex(/^[A-Z]{1,20}$/, "a method in capitals");

const matchSchema = z.strictObject({
  paths: z.array(pathPatternSchema).default([]).meta(about("Paths it counts. Empty: all.")),
  methods: z.array(methodSchema).default([]).meta(about("Methods it counts. Empty: all.")),
  hosts: z.array(hostSchema).default([]).meta(about("Hosts it counts. Empty: all of the service.")),
});

const adaptSchema = z.strictObject({
  signal: z
    .enum(["origin-health", "latency"])
    .meta(
      about(
        "`origin-health`: the share of the origins' weight that is available. `latency`: how much slower they are than usual.",
      ),
    ),
  floor: z.number().min(0.01).max(1).default(0.2).meta(about("The limit is never scaled below this part of itself.")),
});

const rateLimitSchema = z
  .strictObject({
    name: idSchema.meta(about("Names the limit in answers, metrics and stored counts; unique in the service.")),
    match: matchSchema.prefault({}).meta(about("Which requests it counts.")),
    key: z
      .array(keySchema)
      .min(1)
      .default(["ip"])
      .meta(
        about(
          'Who is counted: the first entry that the request has, last the address. `ip`, `path`, `method`, `country`, `asn`, `api-key` (the `X-API-Key` field), `header:<name>`, `cookie:<name>`, `query:<name>`, `jwt:<claim>` (verified as `auth` says), `constant` (everybody together); joined by "+" they count together. IPv6 addresses count by /64.',
        ),
      ),
    limit: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .meta(about("Units a window admits; for `concurrency`, requests in flight.")),
    windowSeconds: z
      .int()
      .min(1)
      .max(2_592_000)
      .meta(about("Length of the window in seconds; for `concurrency`, the longest one request counts as in flight.")),
    burst: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .meta(about("`token-bucket` only: units that may come at once after a rest. Default: `limit`.")),
    algorithm: z
      .enum(["sliding-window", "sliding-log", "token-bucket", "fixed-window", "concurrency"])
      .default("sliding-window")
      .meta(
        about(
          "How units are counted. `sliding-window`: never over in any window, at most 1/64 of the window early. `sliding-log`: exact, for limits up to 10,000. `token-bucket`: limit per window evenly, `burst` at once. `fixed-window`: per window of the clock. `concurrency`: requests in flight.",
        ),
      ),
    mode: z
      .enum(["exact", "leased", "local"])
      .optional()
      .meta(
        about(
          "`exact`: one call per request. `leased`: isolates spend slices that were deducted before, so it is never exceeded and rarely costs a call. `local`: per isolate or data centre, approximate, no call. Default: `leased`; `exact` for `concurrency`.",
        ),
      ),
    binding: z
      .string()
      .min(1)
      .optional()
      .meta(
        about(
          "`local` only: name of a Workers rate-limit binding with the same limit and period (10 or 60 s). Without it each isolate counts for itself.",
        ),
      ),
    cost: z
      .union([
        z.int().min(1),
        z.string().regex(/^header:[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, '"header:<name>" of a field with the cost'),
      ])
      .default(1)
      .meta(about('Units a request costs: a number, or "header:<name>" to read it from the request.')),
    maxCost: z
      .int()
      .min(1)
      .default(100)
      .meta(about("A cost read from a field counts as at most this; a senseless one counts as 1.")),
    onError: z
      .enum(["allow", "deny"])
      .default("allow")
      .meta(about("When the limiter does not answer in time: let the request in, or answer 503.")),
    timeoutMs: z.int().min(1).max(10_000).default(100).meta(about("How long a request waits for the limiter, in ms.")),
    dryRun: z.boolean().default(false).meta(about("Count and report, but turn nobody away.")),
    priority: prioritySchema
      .optional()
      .meta(about("Level of the requests it counts, where `priorities` has no rule for them.")),
    adapt: adaptSchema.optional().meta(about("Scale the limit down while origins degrade.")),
    legacyHeaders: z
      .boolean()
      .default(false)
      .meta(about("Add `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds) to answers.")),
  })
  .meta(about("A limit on how often something may be asked for."));

export const rateLimitsSchema = z.array(rateLimitSchema).max(50);

export type RateLimitConfig = z.output<typeof rateLimitSchema>;
