/** What a region's isolates report, added up: latency, in-flight and load per origin, retries per service. */
import { observeLatency, type LatencyEstimate } from "../health/latency.ts";
import type { IsolateId, OriginId, OriginMeasure, Report, ServiceName } from "./protocol.ts";

/** Rates are over the last ten seconds, in buckets of one. */
const BUCKETS = 10;
const BUCKET_MS = 1_000;

/** Reports of one isolate that may overtake each other. */
const REMEMBERED_SEQUENCES = 8;

/** An isolate not heard of for so long has nothing in flight, ms. */
const SILENT_MS = 10_000;

interface OriginTraffic extends LatencyEstimate {
  samples: number;
  readonly attempts: Rate;
  readonly inFlight: Map<IsolateId, number>;
}

interface ServiceTraffic {
  readonly requests: Rate;
  readonly retries: Rate;
  /** Totals since the hub started. */
  readonly totals: Record<string, number>;
}

interface IsolateTraffic {
  heardMs: number;
  /** The newest sequences taken, newest last. */
  readonly sequences: number[];
}

export interface RegionTotals {
  readonly origins: Map<OriginId, OriginTraffic>;
  readonly services: Map<ServiceName, ServiceTraffic>;
  readonly isolates: Map<IsolateId, IsolateTraffic>;
}

export function noTraffic(): RegionTotals {
  return { origins: new Map(), services: new Map(), isolates: new Map() };
}

/**
 * Adds a report.
 *
 * @param nowMs ms since the epoch
 * @returns false if it had been taken already
 */
export function takeReport(totals: RegionTotals, report: Report, nowMs: number): boolean {
  const isolate = totals.isolates.get(report.isolate) ?? { heardMs: nowMs, sequences: [] };
  totals.isolates.set(report.isolate, isolate);
  isolate.heardMs = nowMs;
  if (isolate.sequences.includes(report.sequence) || report.sequence < (isolate.sequences[0] ?? 0)) return false;
  isolate.sequences.push(report.sequence);
  isolate.sequences.sort((a, b) => a - b);
  if (isolate.sequences.length > REMEMBERED_SEQUENCES) isolate.sequences.shift();

  for (const [id, seen] of Object.entries(report.origins)) {
    const origin = originTraffic(totals, id);
    addTo(origin.attempts, seen.successes + seen.failures, nowMs);
    origin.samples += seen.latency.samples;
    if (seen.latency.samples > 0) observeLatency(origin, seen.latency.sumMs / seen.latency.samples, nowMs);
    if (seen.inFlight > 0) origin.inFlight.set(report.isolate, seen.inFlight);
    else origin.inFlight.delete(report.isolate);
  }
  for (const [name, seen] of Object.entries(report.services)) {
    const service = serviceTraffic(totals, name);
    addTo(service.requests, seen.requests, nowMs);
    addTo(service.retries, seen.retries, nowMs);
    const { counters, ...own } = seen;
    for (const [counter, count] of [...Object.entries(own), ...Object.entries(counters)])
      service.totals[counter] = (service.totals[counter] ?? 0) + count;
  }
  return true;
}

/** Forgets isolates that went away, and what they had in flight. */
export function forgetSilent(totals: RegionTotals, nowMs: number): void {
  for (const [id, { heardMs }] of totals.isolates) {
    if (nowMs >= heardMs && nowMs - heardMs < SILENT_MS) continue;
    totals.isolates.delete(id);
    for (const origin of totals.origins.values()) origin.inFlight.delete(id);
  }
}

/** What the region measures of an origin. */
export function measureOf(totals: RegionTotals, id: OriginId, nowMs: number): OriginMeasure {
  const origin = totals.origins.get(id);
  if (origin === undefined) return UNMEASURED_ORIGIN;
  return {
    latencyMs: origin.latencyMs,
    latencySamples: origin.samples,
    latencyAgeMs: Math.max(0, nowMs - origin.latencyAtMs),
    inFlight: [...origin.inFlight.values()].reduce((sum, count) => sum + count, 0),
    load: perSecond(origin.attempts, nowMs),
  };
}

const UNMEASURED_ORIGIN: OriginMeasure = {
  latencyMs: Number.NaN,
  latencySamples: 0,
  latencyAgeMs: 0,
  inFlight: 0,
  load: 0,
};

/** Retries per first attempt, by service. */
export function retryRatios(totals: RegionTotals, nowMs: number): Record<ServiceName, number> {
  return Object.fromEntries(
    [...totals.services].map(([name, { requests, retries }]) => {
      const made = perSecond(requests, nowMs);
      return [name, made === 0 ? 0 : perSecond(retries, nowMs) / made];
    }),
  );
}

/** Whether a number has changed enough to be told: it rides along with the next answer, but not for nothing. */
export function differs(a: OriginMeasure, b: OriginMeasure): boolean {
  return (
    differsBy(a.latencyMs, b.latencyMs, 0.05, 0.5) ||
    differsBy(a.inFlight, b.inFlight, 0.1, 1.5) ||
    differsBy(a.load, b.load, 0.1, 0.5) ||
    b.latencyAgeMs - a.latencyAgeMs > 10_000
  );
}

function differsBy(a: number, b: number, share: number, floor: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) !== Number.isNaN(b);
  return Math.abs(a - b) > Math.max(floor, share * Math.abs(a));
}

function originTraffic(totals: RegionTotals, id: OriginId): OriginTraffic {
  let origin = totals.origins.get(id);
  if (origin === undefined) {
    origin = { latencyMs: Number.NaN, latencyAtMs: 0, samples: 0, attempts: newRate(), inFlight: new Map() };
    totals.origins.set(id, origin);
  }
  return origin;
}

function serviceTraffic(totals: RegionTotals, name: ServiceName): ServiceTraffic {
  let service = totals.services.get(name);
  if (service === undefined) {
    service = { requests: newRate(), retries: newRate(), totals: {} };
    totals.services.set(name, service);
  }
  return service;
}

/** Counts in a ring of buckets; `at` is the bucket last written, counted from the epoch. */
interface Rate {
  at: number;
  readonly buckets: number[];
}

function newRate(): Rate {
  return { at: -Infinity, buckets: Array.from({ length: BUCKETS }, () => 0) };
}

function addTo(rate: Rate, count: number, nowMs: number): void {
  advance(rate, nowMs);
  rate.buckets[rate.at % BUCKETS]! += count;
}

function perSecond(rate: Rate, nowMs: number): number {
  advance(rate, nowMs);
  return rate.buckets.reduce((sum, count) => sum + count, 0) / ((BUCKETS * BUCKET_MS) / 1_000);
}

/** Empties the buckets that time has passed over; a clock that stepped back starts the ring anew. */
function advance(rate: Rate, nowMs: number): void {
  const at = Math.floor(nowMs / BUCKET_MS);
  if (at === rate.at) return;
  if (at < rate.at || at - rate.at >= BUCKETS) rate.buckets.fill(0);
  else for (let passed = rate.at + 1; passed <= at; passed++) rate.buckets[passed % BUCKETS] = 0;
  rate.at = at;
}
