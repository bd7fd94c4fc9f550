/** What a service may say in the configuration: hosts, pools, policies and limits. */
import { about } from "#about";
import * as z from "zod";
import { affinitySchema } from "./affinity.ts";
import { authSchema } from "./auth.ts";
import { cacheSchema } from "./cache.ts";
import { breakerSchema, rampSchema } from "./breaker.ts";
import { failoverSchema } from "./failover.ts";
import { fieldNameSchema, headerValueSchema, settableNameSchema } from "./header.ts";
import { idempotencySchema } from "./idempotency.ts";
import { cidrSchema } from "./maintenance.ts";
import { monitorSchema } from "./monitor.ts";
import { idSchema } from "./id.ts";
import { poolSchema } from "./pool.ts";
import { prioritiesSchema } from "./priorities.ts";
import { rateLimitsSchema } from "./rate-limits.ts";
import { concurrencySchema, retrySchema } from "./retry.ts";
import { rebalanceSchema } from "./rebalance.ts";
import { steeringSchema } from "./steering.ts";
import { pathPatternSchema } from "./path-pattern.ts";

const hostSchema = z
  .string()
  .max(253)
  .regex(
    /^(?:\*|(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)$/,
    'a host in lower case without port: exact, "*.example.com" or "*"',
  );

const pathPrefixSchema = z.string().regex(/^\/[^?#]*$/, 'a path prefix that starts with "/"');

const headerEditsSchema = z.strictObject({
  set: z.record(settableNameSchema, headerValueSchema).default({}).meta(about("Fields set, replacing what was there.")),
  remove: z.array(fieldNameSchema).default([]).meta(about("Fields removed.")),
});

const durationMs = (max: number) => z.int().min(1).max(max);

const timeoutsSchema = z.strictObject({
  firstByteMs: durationMs(120_000)
    .default(10_000)
    .meta(
      about(
        "One attempt, from sending it to the response head, in ms. Also the longest silence inside a request body, beyond which it gets 408.",
      ),
    ),
  totalMs: durationMs(600_000)
    .default(30_000)
    .meta(
      about(
        "All attempts together, up to a response head, in ms. Bodies and streams run on, but a request body that is read before an origin is asked (one that is kept for retries, or has an `Idempotency-Key`) has to be in early enough to leave an attempt its `firstByteMs`, or half of this; else 408.",
      ),
    ),
  idleMs: z
    .int()
    .min(0)
    .max(600_000)
    .default(0)
    .meta(
      about(
        "Silence allowed inside a response body, in ms. 0: off, because watching it needs a relay through the Worker.",
      ),
    ),
});

const limitsSchema = z.strictObject({
  maxBodyBytes: z.int().min(0).default(104_857_600).meta(about("Largest request body, in bytes; beyond it 413.")),
  maxUrlBytes: z.int().min(64).default(16_384).meta(about("Longest URL, in bytes; beyond it 414.")),
  maxHeaderBytes: z
    .int()
    .min(256)
    .default(65_536)
    .meta(about("Request header fields together, in bytes; beyond it 431.")),
});

const accessSchema = z.strictObject({
  allow: z.array(cidrSchema).default([]).meta(about("Client addresses or CIDRs let in. Empty: all.")),
  deny: z.array(cidrSchema).default([]).meta(about("Client addresses or CIDRs refused with 403; stronger than allow.")),
});

const rewriteSchema = z.strictObject({
  from: pathPrefixSchema.meta(
    about(
      "Path prefix to replace (after stripPrefix). It ends where a segment does: `/old` is of `/old`, `/old/a` and `/old?a`, not of `/older`; `/old/` is of all that is below it.",
    ),
  ),
  to: pathPrefixSchema.meta(about("What replaces it: `/` makes `/a` of `/old/a`, and `/new` makes `/new/a`.")),
});

const requestSchema = z.strictObject({
  headers: headerEditsSchema.prefault({}).meta(about("Edits to the request's fields.")),
  forwarded: z
    .enum(["replace", "append"])
    .default("replace")
    .meta(
      about(
        "What happens to the client's own `Forwarded` and `X-Forwarded-*`: `replace` drops it (anyone can write it), `append` keeps it because a proxy you trust wrote it.",
      ),
    ),
  stripPrefix: z
    .string()
    .regex(/^(?:\/[^?#]*[^/?#])?$/, 'empty, or a path prefix that starts with "/" and does not end in "/"')
    .default("")
    .meta(
      about(
        "Path prefix removed before the request goes out. It ends where a segment does: `/api` is none of `/apis`.",
      ),
    ),
  rewrite: z.array(rewriteSchema).default([]).meta(about("Path prefix replacements; the first that matches applies.")),
});

const responseSchema = z.strictObject({
  headers: headerEditsSchema.prefault({}).meta(about("Edits to the response's fields.")),
});

const ejectionSchema = z.strictObject({
  maxEjected: z
    .int()
    .min(0)
    .optional()
    .meta(about("At most this many origins of the service are ejected at once. Without it: all but the last.")),
  panic: z
    .enum(["fail-open", "fail-closed"])
    .default("fail-open")
    .meta(
      about("When no origin is available: `fail-open` uses all that no operator took out, `fail-closed` answers 503."),
    ),
});

export const serviceSchema = z
  .strictObject({
    hosts: z
      .array(hostSchema)
      .min(1)
      .meta(about('Hosts this service answers: exact, "*.example.com", or "*" for any.')),
    paths: z
      .array(pathPatternSchema)
      .min(1)
      .default(["/*"])
      .meta(about("Paths this service answers; the longest match among services wins.")),
    pools: z.record(idSchema, poolSchema).meta(about("Pools by name.")),
    steering: steeringSchema.prefault({}).meta(about("How an origin is chosen.")),
    timeouts: timeoutsSchema.prefault({}).meta(about("Deadlines.")),
    limits: limitsSchema.prefault({}).meta(about("Sizes beyond which a request is refused.")),
    access: accessSchema.prefault({}).meta(about("Who may come in, by address.")),
    request: requestSchema.prefault({}).meta(about("What is changed on the way to the origin.")),
    response: responseSchema.prefault({}).meta(about("What is changed on the way back.")),
    httpsRedirect: z.boolean().default(false).meta(about("Answer http requests with 308 to https.")),
    retry: retrySchema.prefault({}).meta(about("Moving on to the next candidate in the same request.")),
    cache: cacheSchema.prefault({}).meta(about("What is answered from the edge's own store.")),
    affinity: affinitySchema.optional().meta(about("Sessions that stay where they began. Absent: none.")),
    idempotency: idempotencySchema
      .optional()
      .meta(about("Repeated requests with an `Idempotency-Key` get the first answer. Absent: off.")),
    concurrency: concurrencySchema
      .optional()
      .meta(about("How many attempts each origin may have waiting, an isolate. Absent: no bound.")),
    failover: failoverSchema.prefault({}).meta(about("Who stands in when no other origin is available.")),
    rebalance: rebalanceSchema
      .prefault({})
      .meta(about("How changes of the topology at runtime get and take away traffic.")),
    ejection: ejectionSchema.prefault({}).meta(about("How far traffic may be taken away from failing origins.")),
    breaker: breakerSchema.prefault({}).meta(about("When an origin is ejected worldwide, and how it is tried.")),
    ramp: rampSchema.prefault({}).meta(about("How an origin comes back after it recovered.")),
    monitor: monitorSchema.prefault({}).meta(about("How origins that no traffic measures are probed.")),
    rateLimits: rateLimitsSchema.default([]).meta(about("How often something may be asked for.")),
    priorities: prioritiesSchema
      .optional()
      .meta(about("Which requests are turned away first when the service nears its capacity or its origins sicken.")),
    auth: authSchema.optional().meta(about("How clients prove who they are.")),
    debugHeaders: z
      .boolean()
      .default(false)
      .meta(about("Send `Fairlead-Origin`, `Fairlead-Attempts` and `Fairlead-Decision` to clients.")),
  })
  .meta(about("What a set of hosts and paths serves."));

export type ServiceConfig = z.output<typeof serviceSchema>;
export type PanicMode = ServiceConfig["ejection"]["panic"];
