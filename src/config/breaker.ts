/** What a service or a pool may say about the circuit breaker of its origins, and about their return. */
import { about } from "#about";
import * as z from "zod";
import { BREAKER_DEFAULTS, RAMP_DEFAULTS } from "./breaker-defaults.ts";
import { overrideOf } from "./override.ts";
import { statusPatternSchema } from "./status.ts";

const failuresSchema = z.strictObject({
  statuses: z
    .array(statusPatternSchema)
    .default(BREAKER_DEFAULTS.failures.statuses)
    .meta(about('Answers that count as a failure: statuses, `"5xx"`, `"52x"`.')),
  timeouts: z
    .boolean()
    .default(BREAKER_DEFAULTS.failures.timeouts)
    .meta(about("An attempt that ran into its deadline counts.")),
  resets: z
    .boolean()
    .default(BREAKER_DEFAULTS.failures.resets)
    .meta(about("A connection that was refused, reset or broke off before the response head counts.")),
});

export const breakerSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(BREAKER_DEFAULTS.enabled)
    .meta({ description: "false: failures are counted and nothing is ejected." }),
  consecutiveFailures: z
    .int()
    .min(1)
    .max(1000)
    .default(BREAKER_DEFAULTS.consecutiveFailures)
    .meta(about("Opens after this many failures in a row, seen by one isolate.")),
  failureRatio: z
    .number()
    .gt(0)
    .max(1)
    .default(BREAKER_DEFAULTS.failureRatio)
    .meta(about("Opens when this share of the window's requests failed, in (0, 1].")),
  windowSeconds: z
    .int()
    .min(1)
    .max(600)
    .default(BREAKER_DEFAULTS.windowSeconds)
    .meta(about("How far back the ratios look, in seconds.")),
  minimumRequests: z
    .int()
    .min(1)
    .default(BREAKER_DEFAULTS.minimumRequests)
    .meta(about("Requests the window must hold before a ratio means anything.")),
  slowMs: z
    .int()
    .min(1)
    .max(120_000)
    .optional()
    .meta(about("A response head later than this, in ms, is slow. Goes with `slowRatio`.")),
  slowRatio: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .meta(about("Opens when this share of the window's requests was slow, in (0, 1]. Goes with `slowMs`.")),
  openSeconds: z
    .number()
    .min(0.1)
    .max(3600)
    .default(BREAKER_DEFAULTS.openSeconds)
    .meta(about("How long it stays open the first time, in seconds; each time in a row doubles it.")),
  maxOpenSeconds: z
    .number()
    .min(0.1)
    .max(86_400)
    .default(BREAKER_DEFAULTS.maxOpenSeconds)
    .meta(about("The longest it stays open, in seconds.")),
  trialPermits: z
    .int()
    .min(1)
    .max(100)
    .default(BREAKER_DEFAULTS.trialPermits)
    .meta(about("While half-open, at most this many requests try the origin at once, worldwide.")),
  successThreshold: z
    .int()
    .min(1)
    .max(100)
    .default(BREAKER_DEFAULTS.successThreshold)
    .meta(about("Closes after this many trials that succeeded; one that failed opens it again.")),
  failures: failuresSchema.prefault({}).meta(about("What counts as a failure. A client that went away never does.")),
});

export const rampSchema = z.strictObject({
  stepSeconds: z
    .number()
    .min(0)
    .max(3600)
    .default(RAMP_DEFAULTS.stepSeconds)
    .meta(
      about(
        "After recovery an origin takes 10 % of its requests, then 10 % more every so many seconds. 0: all at once.",
      ),
    ),
  successRatio: z
    .number()
    .min(0)
    .max(1)
    .default(RAMP_DEFAULTS.successRatio)
    .meta(about("While fewer of its requests than this share succeed, the ramp does not rise.")),
});

export const breakerOverrideSchema = overrideOf(breakerSchema);
export const rampOverrideSchema = overrideOf(rampSchema);

export type BreakerConfig = z.output<typeof breakerSchema>;
export type RampConfig = z.output<typeof rampSchema>;
