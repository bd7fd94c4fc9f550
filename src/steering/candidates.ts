/** Which origin a request goes to next: the service's policy over its pools, then the pool's over its origins. */
import { admits } from "../health/ramp.ts";
import { refreshAvailability, type PoolState, type ServiceState, type Standing } from "./availability.ts";
import type { SteerRequest } from "./policy.ts";

/** An origin that may take this request now, in its pool. */
export type Candidate = Standing;

/**
 * The next candidate: never an origin already tried, and a pool already tried only when no other is left.
 *
 * @param tried what this request has tried so far, in order
 * @param nowMs ms since the epoch
 * @returns null when every available origin has been tried
 */
export function nextCandidate(
  service: ServiceState,
  request: SteerRequest,
  tried: readonly Candidate[],
  nowMs: number,
): Candidate | null {
  refreshAvailability(service, nowMs);
  // Who is coming back takes its share of requests, decided before any policy; beyond it, only when nobody else is left.
  const next = service.ramping ? nextAmong(service, request, tried, true) : null;
  return next ?? nextAmong(service, request, tried, false);
}

function nextAmong(
  service: ServiceState,
  request: SteerRequest,
  tried: readonly Candidate[],
  heedsRamps: boolean,
): Candidate | null {
  if (tried.length === 0 && !heedsRamps) return pickFrom(service, service.eligible, request, tried, false);
  const pools = service.eligible.slice();
  for (const { pool } of tried) pools[service.pools.indexOf(pool)] = 0;
  return (
    pickFrom(service, pools, request, tried, heedsRamps) ??
    (tried.length === 0 ? null : pickFrom(service, service.eligible.slice(), request, tried, heedsRamps))
  );
}

function pickFrom(
  service: ServiceState,
  pools: Uint8Array,
  request: SteerRequest,
  tried: readonly Candidate[],
  heedsRamps: boolean,
): Candidate | null {
  for (;;) {
    const poolIndex = service.picker.pick(pools, request);
    if (poolIndex === -1) return null;
    const pool = service.pools[poolIndex]!;
    const originIndex = pool.picker.pick(left(pool, request, tried, heedsRamps), request);
    if (originIndex !== -1) return { pool, origin: pool.origins[originIndex]! };
    pools[poolIndex] = 0;
  }
}

/** The pool's flags, less what was tried and what has had its share; copied only when there is something to leave out. */
function left(pool: PoolState, request: SteerRequest, tried: readonly Candidate[], heedsRamps: boolean): Uint8Array {
  if (!heedsRamps && !tried.some((candidate) => candidate.pool === pool)) return pool.eligible;
  const left = pool.eligible.slice();
  for (const { pool: triedPool, origin } of tried) if (triedPool === pool) left[pool.origins.indexOf(origin)] = 0;
  if (heedsRamps) {
    pool.origins.forEach((origin, index) => {
      if (!admits(origin.id, request.requestId, origin.admission)) left[index] = 0;
    });
  }
  return left;
}
