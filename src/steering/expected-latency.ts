/** What a request should expect of a member: what was measured, or what the distance allows until then. */
import { latencyNow, WARM_UP_SAMPLES, type LatencyEstimate } from "../health/latency.ts";
import { distanceKm, type UnitVector } from "./place.ts";
import type { Member, SteerRequest } from "./policy.ts";

/** Round trip in ms per km of great circle: light in fibre (about 200 km/ms), there and back. */
const ROUND_TRIP_MS_PER_KM = 0.01;

/** A measurement younger than this needs no look at the distance, ms. */
const FRESH_MS = 5_000;

/**
 * Expected time to a response head, ms. The distance gives a lower bound: it stands in for a member that was not
 * measured often enough, whose first answers find it out, and it is what an old measurement decays to.
 */
export function expectedMs(member: Member, request: SteerRequest): number {
  const isMeasured = member.latencySamples >= WARM_UP_SAMPLES && !Number.isNaN(member.latencyMs);
  if (isMeasured && request.startedMs - member.latencyAtMs < FRESH_MS) return member.latencyMs;
  const floorMs = leastMs(member.vector, request.place.vector);
  return isMeasured ? believedMs(member, floorMs, request.startedMs) : floorMs;
}

/**
 * What an estimate is worth now, or its floor where nothing is known.
 *
 * @param floorMs what the distance allows
 * @param nowMs   ms since the epoch
 */
export function believedMs(
  estimate: Pick<LatencyEstimate, "latencyMs" | "latencyAtMs">,
  floorMs: number,
  nowMs: number,
): number {
  const measuredMs = latencyNow(estimate, floorMs, nowMs);
  return Number.isNaN(measuredMs) ? floorMs : measuredMs;
}

/** The least that the distance between two places allows, ms there and back. */
export function leastMs(a: UnitVector, b: UnitVector): number {
  return distanceKm(a, b) * ROUND_TRIP_MS_PER_KM;
}

/** The same in words for an operator. */
export function describeExpected(member: Member, request: SteerRequest): string {
  if (member.latencySamples < WARM_UP_SAMPLES || Number.isNaN(member.latencyMs)) {
    return `${Math.round(distanceKm(member.vector, request.place.vector))} km away, not measured yet`;
  }
  const expected = expectedMs(member, request);
  const measured = `measured ${member.latencyMs.toFixed(1)} ms`;
  return expected === member.latencyMs ? measured : `${measured} a while ago, expecting ${expected.toFixed(1)} ms`;
}
