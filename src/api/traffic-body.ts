/** How traffic that hubs counted is written in answers: ratios and times that are null where there was nothing. */
import * as z from "zod";
import { addLatencies, noLatencies, quantileMs, type LatencyCounts } from "../agreement/latency-counts.ts";
import type { AnswerCounts, OriginCounts, ServiceCounts } from "../agreement/traffic-counts.ts";

const ratio = z.number().nullable().describe("In [0, 1]; null: there was nothing.");
const time = z.number().nullable();

export const latencySchema = z
  .object({
    meanMs: time,
    p50Ms: time.describe("Percentiles come from the buckets of the histogram, as Prometheus works them out."),
    p95Ms: time,
    p99Ms: time,
  })
  .openapi("Latency", { description: "From a request's arrival to its response head; null: there was none." });

export const latencyExample = { meanMs: 18.2, p50Ms: 14.1, p95Ms: 48, p99Ms: 96 };

export const trafficSchema = z
  .object({
    requests: z.int().describe("Answered, by an origin, the cache or an error of ours."),
    errors: z.int().describe("Of these, answered with an error of ours or an origin's 5xx."),
    errorRatio: ratio,
    attempts: z.int(),
    retries: z.int().describe("Attempts beyond a request's first."),
    latency: latencySchema,
  })
  .openapi("Traffic");

export const trafficExample = {
  requests: 120_000,
  errors: 12,
  errorRatio: 0.0001,
  attempts: 120_300,
  retries: 300,
  latency: latencyExample,
};

export const instanceTrafficSchema = z
  .object({
    instance: z.string().describe("An origin's id; `(cache)` and `(none)` answered what no origin did."),
    requests: z.int().describe("Whose answer was this one's."),
    errors: z.int(),
    latency: latencySchema,
    attempts: z.int().describe("That ended, whatever became of their requests."),
    failures: z.int(),
    timeouts: z.int(),
    successRatio: ratio,
    averageMs: time.describe("Of its successful attempts, to the response head."),
  })
  .openapi("InstanceTraffic");

export const instanceTrafficExample = {
  instance: "euw1",
  requests: 60_000,
  errors: 4,
  latency: latencyExample,
  attempts: 60_100,
  failures: 104,
  timeouts: 3,
  successRatio: 0.99827,
  averageMs: 17.4,
};

export function latencyBody(counts: LatencyCounts): z.infer<typeof latencySchema> {
  const { count, sumMs } = counts;
  return {
    meanMs: count === 0 ? null : sumMs / count,
    p50Ms: quantileMs(counts, 0.5),
    p95Ms: quantileMs(counts, 0.95),
    p99Ms: quantileMs(counts, 0.99),
  };
}

export function trafficBody(
  { requests, errors, attempts, retries }: Pick<ServiceCounts, "requests" | "errors" | "attempts" | "retries">,
  latency: LatencyCounts,
): z.infer<typeof trafficSchema> {
  const errorRatio = requests === 0 ? null : errors / requests;
  return { requests, errors, errorRatio, attempts, retries, latency: latencyBody(latency) };
}

/** What each of a service's origins did, and what was answered without one. */
export function instanceBodies(
  origins: readonly string[],
  counts: ServiceCounts | undefined,
  attempted: ReadonlyMap<string, OriginCounts>,
): z.infer<typeof instanceTrafficSchema>[] {
  const answered = new Map<string, AnswerCounts[]>();
  for (const byInstance of counts?.answers.values() ?? [])
    for (const [instance, answers] of byInstance) answered.set(instance, [...(answered.get(instance) ?? []), answers]);
  const instances = [...new Set([...origins, ...answered.keys()])];
  return instances.map((instance) => instanceBody(instance, answered.get(instance) ?? [], attempted.get(instance)));
}

function instanceBody(
  instance: string,
  answers: readonly AnswerCounts[],
  attempted: OriginCounts | undefined,
): z.infer<typeof instanceTrafficSchema> {
  const all = noLatencies();
  let errors = 0;
  for (const { success, failure } of answers) {
    if (success !== null) addLatencies(all, success);
    if (failure !== null) addLatencies(all, failure);
    errors += failure?.count ?? 0;
  }
  const { successes = 0, failures = 0, timeouts = 0, sumMs = 0 } = attempted ?? {};
  const attempts = successes + failures;
  return {
    instance,
    requests: all.count,
    errors,
    latency: latencyBody(all),
    attempts,
    failures,
    timeouts,
    successRatio: attempts === 0 ? null : successes / attempts,
    averageMs: successes === 0 ? null : sumMs / successes,
  };
}
