/**
 * What a region's isolates report, added up by service and origin: over a minute, an hour, or a hub's life. Plain data
 * that travels from hubs to the control plane, which adds up the hubs.
 */
import { addLatencies, noLatencies, type LatencyCounts } from "./latency-counts.ts";
import type { AnswerReport, OriginId, OriginReport, Report, ServiceName, ServiceReport } from "./protocol.ts";

/** Series kept of each kind. A region does not have more origins; what has got lost in names must not fill the memory. */
const MAX_SERIES = 5_000;

/** Whatever comes beyond that. */
const OTHER = "(other)";

/** Requests by how they ended; the times are the client's, to the response head. */
export interface AnswerCounts {
  /** null: none so far. */
  success: LatencyCounts | null;
  failure: LatencyCounts | null;
}

export interface ServiceCounts {
  requests: number;
  errors: number;
  attempts: number;
  retries: number;
  /** By name; src/telemetry/service-counters.ts says what they mean. */
  readonly counters: Record<string, number>;
  /** By policy, then by who answered (see `ServiceReport.answers`). */
  readonly answers: Map<string, Map<string, AnswerCounts>>;
}

/** Attempts at an origin, whatever became of their requests. */
export interface OriginCounts {
  successes: number;
  failures: number;
  connectionFailures: number;
  timeouts: number;
  slow: number;
  panics: number;
  /** Of the successes, to the response head. */
  sumMs: number;
  maxMs: number;
}

export interface TrafficCounts {
  readonly services: Map<ServiceName, ServiceCounts>;
  readonly origins: Map<OriginId, OriginCounts>;
}

export function noCounts(): TrafficCounts {
  return { services: new Map(), origins: new Map() };
}

/** Adds an isolate's report. */
export function countReport(to: TrafficCounts, report: Report): void {
  for (const [name, seen] of Object.entries(report.services)) countService(serviceIn(to, name), seen);
  for (const [id, seen] of Object.entries(report.origins)) countOrigin(originIn(to, id), seen);
}

/** Adds other counts to these. */
export function addCounts(to: TrafficCounts, from: TrafficCounts): void {
  for (const [name, counts] of from.services) {
    const service = serviceIn(to, name);
    addService(service, counts);
    for (const [algorithm, answers] of counts.answers)
      for (const [instance, answer] of answers) addAnswers(answersIn(service, algorithm, instance), answer);
  }
  for (const [id, counts] of from.origins) addOrigin(originIn(to, id), counts);
}

/** All of a service's answers together. */
export function allAnswers({ answers }: Pick<ServiceCounts, "answers">): LatencyCounts {
  const all = noLatencies();
  for (const byInstance of answers.values())
    for (const { success, failure } of byInstance.values()) {
      if (success !== null) addLatencies(all, success);
      if (failure !== null) addLatencies(all, failure);
    }
  return all;
}

function countService(to: ServiceCounts, seen: ServiceReport): void {
  addService(to, seen);
  const { algorithm, answers } = seen;
  if (algorithm === undefined || answers === undefined) return;
  for (const [instance, answer] of Object.entries(answers)) addAnswers(answersIn(to, algorithm, instance), answer);
}

function addService(to: ServiceCounts, from: Omit<ServiceReport, "algorithm" | "answers">): void {
  to.requests += from.requests;
  to.errors += from.errors;
  to.attempts += from.attempts;
  to.retries += from.retries;
  for (const [name, count] of Object.entries(from.counters)) to.counters[name] = (to.counters[name] ?? 0) + count;
}

function addAnswers(to: AnswerCounts, { success, failure }: AnswerReport): void {
  if (success !== null) addLatencies((to.success ??= noLatencies()), success);
  if (failure !== null) addLatencies((to.failure ??= noLatencies()), failure);
}

function countOrigin(to: OriginCounts, { latency, ...seen }: OriginReport): void {
  addOrigin(to, { ...seen, sumMs: latency.sumMs, maxMs: latency.maxMs });
}

function addOrigin(to: OriginCounts, from: OriginCounts): void {
  to.successes += from.successes;
  to.failures += from.failures;
  to.connectionFailures += from.connectionFailures;
  to.timeouts += from.timeouts;
  to.slow += from.slow;
  to.panics += from.panics;
  to.sumMs += from.sumMs;
  to.maxMs = Math.max(to.maxMs, from.maxMs);
}

function serviceIn({ services }: TrafficCounts, name: ServiceName): ServiceCounts {
  return entryOf(services, name, () => ({
    requests: 0,
    errors: 0,
    attempts: 0,
    retries: 0,
    counters: {},
    answers: new Map(),
  }));
}

function originIn({ origins }: TrafficCounts, id: OriginId): OriginCounts {
  return entryOf(origins, id, () => ({
    successes: 0,
    failures: 0,
    connectionFailures: 0,
    timeouts: 0,
    slow: 0,
    panics: 0,
    sumMs: 0,
    maxMs: 0,
  }));
}

function answersIn({ answers }: ServiceCounts, algorithm: string, instance: string): AnswerCounts {
  const byInstance = entryOf(answers, algorithm, () => new Map<string, AnswerCounts>());
  return entryOf(byInstance, instance, () => ({ success: null, failure: null }));
}

function entryOf<Entry>(map: Map<string, Entry>, key: string, make: () => Entry): Entry {
  const name = map.has(key) || map.size < MAX_SERIES ? key : OTHER;
  let entry = map.get(name);
  if (entry === undefined) map.set(name, (entry = make()));
  return entry;
}
