/** What a region's isolates report of their services, added up; and which reports have been taken already. */
import type { IsolateId, Report, ServiceName } from "./protocol.ts";

/** Rates are over the last ten seconds, in buckets of one. */
const BUCKETS = 10;
const BUCKET_MS = 1_000;

/** Reports of one isolate that may overtake each other. */
const REMEMBERED_SEQUENCES = 8;

/** After so long an isolate's reports are not expected any more, late ones neither, ms. */
const SILENT_MS = 60_000;

/** Counters of requests whose priority level was looked at, and of those of them that were turned away. */
export const JUDGED = "priority.judged";
export const SHED = "priority.shed";

interface ServiceTraffic {
  readonly requests: Rate;
  readonly retries: Rate;
  readonly judged: Rate;
  readonly shed: Rate;
  /** Totals since the hub started. */
  readonly totals: Record<string, number>;
}

interface IsolateTraffic {
  heardMs: number;
  /** The newest sequences taken, newest last. */
  readonly sequences: number[];
}

export interface RegionTotals {
  readonly services: Map<ServiceName, ServiceTraffic>;
  readonly isolates: Map<IsolateId, IsolateTraffic>;
}

export function noTraffic(): RegionTotals {
  return { services: new Map(), isolates: new Map() };
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
  const isForgotten = isolate.sequences.length >= REMEMBERED_SEQUENCES && report.sequence < isolate.sequences[0]!;
  if (isForgotten || isolate.sequences.includes(report.sequence)) return false;
  isolate.sequences.push(report.sequence);
  isolate.sequences.sort((a, b) => a - b);
  if (isolate.sequences.length > REMEMBERED_SEQUENCES) isolate.sequences.shift();

  for (const [name, seen] of Object.entries(report.services)) {
    const service = serviceTraffic(totals, name);
    addTo(service.requests, seen.requests, nowMs, report.ageMs);
    addTo(service.retries, seen.retries, nowMs, report.ageMs);
    addTo(service.judged, seen.counters[JUDGED] ?? 0, nowMs, report.ageMs);
    addTo(service.shed, seen.counters[SHED] ?? 0, nowMs, report.ageMs);
    const { counters, algorithm: _algorithm, answers: _answers, ...own } = seen;
    for (const [counter, count] of [...Object.entries(own), ...Object.entries(counters)])
      service.totals[counter] = (service.totals[counter] ?? 0) + count;
  }
  return true;
}

/** Forgets isolates that went away. */
export function forgetSilent(totals: RegionTotals, nowMs: number): void {
  for (const [id, { heardMs }] of totals.isolates)
    if (nowMs < heardMs || nowMs - heardMs >= SILENT_MS) totals.isolates.delete(id);
}

/** Retries per first attempt, by service. */
export function retryRatios(totals: RegionTotals, nowMs: number): Record<ServiceName, number> {
  return Object.fromEntries(
    [...totals.services].map(([name, { requests, retries }]) => {
      const made = perSecond(requests, nowMs);
      return [name, made === 0 ? 0 : perSecond(retries, nowMs) / made];
    }),
  );
}

/** What is let in counts for at most so many that came: where nearly all is turned away, there is nearly nothing to count. */
const MOST_OFFERED = 20;

/** Requests of a service that came for each that its priority levels let in, 1 or more. */
export function offeredRatio(totals: RegionTotals, name: ServiceName, nowMs: number): number {
  const service = totals.services.get(name);
  if (service === undefined) return 1;
  const judged = perSecond(service.judged, nowMs);
  const letIn = judged - perSecond(service.shed, nowMs);
  return judged === 0 ? 1 : Math.min(MOST_OFFERED, judged / Math.max(letIn, judged / MOST_OFFERED));
}

function serviceTraffic(totals: RegionTotals, name: ServiceName): ServiceTraffic {
  let service = totals.services.get(name);
  if (service === undefined) {
    service = { requests: newRate(), retries: newRate(), judged: newRate(), shed: newRate(), totals: {} };
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

/** Adds what happened `ageMs` ago; older than the ring, it is in no rate any more. */
function addTo(rate: Rate, count: number, nowMs: number, ageMs: number): void {
  advance(rate, nowMs);
  const at = Math.floor((nowMs - ageMs) / BUCKET_MS);
  if (rate.at - at < BUCKETS) rate.buckets[at % BUCKETS]! += count;
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
