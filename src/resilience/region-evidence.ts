/**
 * What a hub knows of one origin from its region's reports and probes: recent counts, what it still owes the origin's
 * breaker, latency, in-flight attempts. Mutable, because it is touched by every report.
 */
import type { OriginMeasure, OriginReport, WindowCounts } from "../agreement/protocol.ts";
import { observeLatency, type LatencyEstimate } from "../health/latency.ts";
import { addCounts, totalsOf, type CountWindow } from "./count-window.ts";

/** How long an isolate's word on its in-flight attempts is believed, ms: reports come every two seconds or so. */
const IN_FLIGHT_BELIEVED_MS = 10_000;

/** The time over which the load is averaged, ms. */
const LOAD_WINDOW_MS = 10_000;

/** Successes alone are not sent to a breaker more often than this, ms. */
const FORWARD_EVERY_MS = 1_000;

interface Owed {
  successes: number;
  failures: number;
  slow: number;
  longestFailureRun: number;
  sinceMs: number;
}

export interface RegionEvidence {
  window: CountWindow;
  owed: Owed | null;
  /** When counts were last sent to the breaker, ms since the epoch. */
  forwardedMs: number;
  /** When the last failure or slow answer was seen, ms since the epoch. */
  lastTroubleMs: number;
  /** When an answer last came from real traffic, ms since the epoch. */
  measuredMs: number;
  readonly latency: LatencyEstimate;
  readonly inFlight: Map<string, { readonly attempts: number; readonly atMs: number }>;
}

export function noEvidence(): RegionEvidence {
  return {
    window: [],
    owed: null,
    forwardedMs: 0,
    lastTroubleMs: 0,
    measuredMs: 0,
    latency: { latencyMs: Number.NaN, latencyAtMs: 0, latencySamples: 0 },
    inFlight: new Map(),
  };
}

/**
 * Takes one isolate's report on the origin in. One that was sent again is counted where it belongs; older than the
 * window, it says nothing about now.
 *
 * @param ageMs how long ago the time it covers ended, ms
 */
export function takeOriginReport(
  evidence: RegionEvidence,
  isolate: string,
  report: OriginReport,
  windowMs: number,
  nowMs: number,
  ageMs = 0,
): void {
  if (ageMs >= windowMs) return;
  const atMs = nowMs - ageMs;
  const { successes, failures, slow, latency } = report;
  const counts = { successes, failures, slow };
  evidence.window = addCounts(evidence.window, counts, Math.max(windowMs, LOAD_WINDOW_MS), nowMs, atMs);
  const owed = (evidence.owed ??= { successes: 0, failures: 0, slow: 0, longestFailureRun: 0, sinceMs: nowMs });
  owed.successes += successes;
  owed.failures += failures;
  owed.slow += slow;
  owed.longestFailureRun = Math.max(owed.longestFailureRun, failures > 0 ? report.longestFailureRun : 0);
  if (failures > 0 || slow > 0) evidence.lastTroubleMs = Math.max(evidence.lastTroubleMs, atMs);
  // What was measured before the newest is overtaken: numbers are about now.
  if (ageMs > 0) return;
  if (latency.samples > 0) {
    evidence.measuredMs = nowMs;
    takeLatency(evidence, latency.sumMs / latency.samples, latency.samples, nowMs);
  }
  if (report.inFlight > 0) evidence.inFlight.set(isolate, { attempts: report.inFlight, atMs: nowMs });
  else evidence.inFlight.delete(isolate);
}

/** Takes a measured time to the response head in: a report's mean, or a probe's. */
export function takeLatency(evidence: RegionEvidence, sampleMs: number, samples: number, nowMs: number): void {
  observeLatency(evidence.latency, sampleMs, nowMs);
  evidence.latency.latencySamples += samples - 1;
}

/**
 * The counts the breaker should have now, or null. Failures go at once. Successes go with them while there are failures
 * or slow answers in the window or the origin is on its ramp, because a ratio needs both; else nobody needs them and they
 * are let go.
 */
export function owedToBreaker(
  evidence: RegionEvidence,
  isRamping: boolean,
  windowMs: number,
  nowMs: number,
): WindowCounts | null {
  const { owed } = evidence;
  if (owed === null) return null;
  const isWatched = isRamping || (evidence.lastTroubleMs <= nowMs && nowMs - evidence.lastTroubleMs < windowMs);
  if (!isWatched) {
    evidence.owed = null;
    return null;
  }
  const sinceForwardedMs = nowMs - evidence.forwardedMs;
  if (owed.failures === 0 && sinceForwardedMs >= 0 && sinceForwardedMs < FORWARD_EVERY_MS) return null;
  evidence.owed = null;
  evidence.forwardedMs = nowMs;
  const { sinceMs, ...counts } = owed;
  return { ...counts, spanMs: Math.max(0, nowMs - sinceMs) };
}

/** Puts counts back that did not reach the breaker. */
export function stillOwed(evidence: RegionEvidence, counts: WindowCounts, nowMs: number): void {
  const later = evidence.owed;
  evidence.owed = {
    successes: counts.successes + (later?.successes ?? 0),
    failures: counts.failures + (later?.failures ?? 0),
    slow: counts.slow + (later?.slow ?? 0),
    longestFailureRun: Math.max(counts.longestFailureRun, later?.longestFailureRun ?? 0),
    sinceMs: nowMs - counts.spanMs,
  };
}

/**
 * Attempts that ended lately: whether the region has traffic there, and how it fares. However short the breaker's window
 * is, this looks back over a few reports, or a region would seem to have no traffic between two of them.
 */
export function recentTraffic(
  evidence: RegionEvidence,
  windowMs: number,
  nowMs: number,
): { successes: number; failures: number } {
  const { successes, failures } = totalsOf(evidence.window, Math.max(windowMs, LOAD_WINDOW_MS), nowMs);
  return { successes, failures };
}

/** The numbers that ride along in the view, less those that the world has a part in. */
export function measureOf(evidence: RegionEvidence, nowMs: number): Omit<OriginMeasure, "kept" | "saturation"> {
  const { successes, failures } = totalsOf(evidence.window, LOAD_WINDOW_MS, nowMs);
  let inFlight = 0;
  for (const [isolate, { attempts, atMs }] of evidence.inFlight) {
    if (Math.abs(nowMs - atMs) < IN_FLIGHT_BELIEVED_MS) inFlight += attempts;
    else evidence.inFlight.delete(isolate);
  }
  return {
    latencyMs: evidence.latency.latencyMs,
    latencySamples: evidence.latency.latencySamples,
    latencyAgeMs: Math.max(0, nowMs - evidence.latency.latencyAtMs),
    inFlight,
    load: ((successes + failures) * 1000) / LOAD_WINDOW_MS,
  };
}
