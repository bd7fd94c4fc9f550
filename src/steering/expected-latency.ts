/** What a request should expect of a member: what was measured, or what the distance allows until then. */
import { distanceKm } from "./place.ts";
import type { Member, SteerRequest } from "./policy.ts";

/** Round trip in ms per km of great circle: light in fibre (about 200 km/ms), there and back. */
const ROUND_TRIP_MS_PER_KM = 0.01;

/** Expected time to a response head, ms. An estimate by distance is a lower bound: the first answer finds it out. */
export function expectedMs(member: Member, request: SteerRequest): number {
  return Number.isNaN(member.latencyMs)
    ? distanceKm(member.vector, request.place.vector) * ROUND_TRIP_MS_PER_KM
    : member.latencyMs;
}

/** The same in words for an operator. */
export function describeExpected(member: Member, request: SteerRequest): string {
  return Number.isNaN(member.latencyMs)
    ? `${Math.round(distanceKm(member.vector, request.place.vector))} km away, not measured yet`
    : `measured ${member.latencyMs.toFixed(1)} ms`;
}
