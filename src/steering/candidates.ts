/** Which origin a request goes to next: the service's policy over its pools, then the pool's over its origins. */
import { refreshAvailability, type PoolState, type ServiceState } from "./availability.ts";
import type { OriginState } from "./origin-state.ts";
import type { SteerRequest } from "./policy.ts";

/** An origin in its pool. */
export interface Candidate {
  readonly pool: PoolState;
  readonly origin: OriginState;
}

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
  if (tried.length === 0) return pickFrom(service, service.eligible, request, tried);
  const pools = service.eligible.slice();
  for (const { pool } of tried) pools[service.pools.indexOf(pool)] = 0;
  return pickFrom(service, pools, request, tried) ?? pickFrom(service, service.eligible.slice(), request, tried);
}

function pickFrom(
  service: ServiceState,
  pools: Uint8Array,
  request: SteerRequest,
  tried: readonly Candidate[],
): Candidate | null {
  for (;;) {
    const poolIndex = service.picker.pick(pools, request);
    if (poolIndex === -1) return null;
    const pool = service.pools[poolIndex]!;
    const originIndex = pool.picker.pick(untried(pool, tried), request);
    if (originIndex !== -1) return { pool, origin: pool.origins[originIndex]! };
    pools[poolIndex] = 0;
  }
}

/** The pool's flags, less what was tried; copied only when something was. */
function untried(pool: PoolState, tried: readonly Candidate[]): Uint8Array {
  if (!tried.some((candidate) => candidate.pool === pool)) return pool.eligible;
  const left = pool.eligible.slice();
  for (const { pool: triedPool, origin } of tried) if (triedPool === pool) left[pool.origins.indexOf(origin)] = 0;
  return left;
}
