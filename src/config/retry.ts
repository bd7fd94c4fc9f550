/** What a service may say about trying again: when, how often, how fast, and how many requests an origin may have at once. */
import { about } from "#about";
import * as z from "zod";
import { overrideOf } from "./override.ts";
import { pathPatternSchema } from "./path-pattern.ts";

const FAILURES = ["connection", "timeout", "bad-response"] as const;

const backoffSchema = z.strictObject({
  baseMs: z.int().min(0).max(10_000).default(25).meta(about("Longest wait before the first retry, in ms.")),
  maxMs: z.int().min(0).max(60_000).default(250).meta(about("Longest wait before any retry, in ms.")),
  multiplier: z.number().min(1).max(10).default(2).meta(about("Growth of the wait from retry to retry.")),
  jitter: z
    .enum(["full", "none"])
    .default("full")
    .meta(about("`full`: anything up to the wait, so that clients that failed together do not return together.")),
});

const budgetSchema = z.strictObject({
  ratio: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .meta(
      about("Retries and hedges per request, over the last ten seconds; when all origins fail, load grows by no more."),
    ),
  minPerSecond: z
    .number()
    .min(0)
    .max(1000)
    .default(3)
    .meta(about("Retries a second allowed to an isolate with little traffic, while its region is within `ratio`.")),
});

const hedgeSchema = z.strictObject({
  afterMs: z
    .int()
    .min(1)
    .max(60_000)
    .optional()
    .meta(about("Send a second attempt when the first has not answered after this time, in ms.")),
  afterPercentile: z
    .number()
    .min(50)
    .max(99.9)
    .default(95)
    .meta(about("Without `afterMs`: after the time within which this percentage of recent answers came.")),
  max: z.int().min(1).max(4).default(1).meta(about("Hedges per request; five attempts wait at most.")),
});

const ruleSchema = z.strictObject({
  attempts: z.int().min(1).max(10).default(3).meta(about("Attempts in all, the first included. 1: never retry.")),
  on: z
    .array(z.union([z.enum(FAILURES), z.int().min(400).max(599)]))
    .default([...FAILURES, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530])
    .meta(
      about(
        "What is tried again: `connection` (nothing came), `timeout`, `bad-response` (nothing that can be passed on), and statuses.",
      ),
    ),
  perTryTimeoutMs: z
    .int()
    .min(1)
    .max(120_000)
    .optional()
    .meta(about("One attempt, up to its response head, in ms. Default: `timeouts.firstByteMs`.")),
  backoff: backoffSchema.prefault({}).meta(about("How long to wait before a retry.")),
  budget: budgetSchema.prefault({}).meta(about("How many retries there may be.")),
  hedge: hedgeSchema
    .optional()
    .meta(about("Do not wait for a slow answer: ask another origin, take the first. Absent: off.")),
  methods: z
    .array(z.enum(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]))
    .default(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
    .meta(
      about(
        "Methods tried again although the request may have been received; idempotent ones only (RFC 9110 section 9.2.2).",
      ),
    ),
});

const pathSchema = z.strictObject({
  paths: z.array(pathPatternSchema).min(1).meta(about('Paths it is about, exact or with "*" at the end.')),
  retry: overrideOf(ruleSchema).meta(about("What differs.")),
});

export const retrySchema = ruleSchema.extend({
  overrides: z.array(pathSchema).default([]).meta(about("Differences by path; the first that matches.")),
  requestHeader: z
    .boolean()
    .default(false)
    .meta(about("Clients may ask for fewer attempts: `Fairlead-Retry: attempts=1`.")),
  maxBufferedBodyBytes: z
    .int()
    .min(0)
    .max(1_048_576)
    .default(65_536)
    .meta(about("Request bodies up to this size are kept so that they can be sent again.")),
  originsDeduplicate: z
    .boolean()
    .default(false)
    .meta(
      about(
        "The origins answer a repeated `Idempotency-Key` with the first answer, so a keyed POST may be sent again.",
      ),
    ),
});

const queueSchema = z.strictObject({
  max: z.int().min(0).max(10_000).default(100).meta(about("Requests waiting for one origin, at most.")),
  timeoutMs: z.int().min(1).max(60_000).default(1000).meta(about("Longest wait, in ms; then 503.")),
});

export const concurrencySchema = z.strictObject({
  max: z
    .int()
    .min(1)
    .max(100_000)
    .meta(about("Attempts waiting for one origin's response head, in one isolate. Beyond it: the next candidate.")),
  queue: queueSchema.prefault({}).meta(about("When every candidate is full.")),
});

export type RetryRule = z.output<typeof ruleSchema>;
export type RetryConfig = z.output<typeof retrySchema>;
export type BackoffConfig = RetryRule["backoff"];
export type BudgetConfig = RetryRule["budget"];
export type HedgeConfig = z.output<typeof hedgeSchema>;
export type ConcurrencyConfig = z.output<typeof concurrencySchema>;
