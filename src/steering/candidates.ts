/** Which origin a request goes to next: the service's policy over its pools, then the pool's over its origins. */
import { refreshAvailability, type PoolState, type ServiceState, type Standing } from "./availability.ts";
import { stagesOf } from "./backups.ts";
import { isWholeFor, scopeOf, type Flags } from "./narrow.ts";
import type { Picker, SteerRequest } from "./policy.ts";

/** An origin that may take this request now, in its pool. */
export interface Candidate extends Standing {
  /** Share of its requests that the origin keeps, if it got this one as part of it; 1 if it got it for want of another. */
  readonly share: number;
}

/** What a session asks of steering. */
export interface Wish {
  /** Only this pool; null: any. */
  readonly pool: PoolState | null;
  /** Chooses among a pool's origins in the place of the pool's policy; null: the policy does. */
  readonly within: ((pool: PoolState) => Picker) | null;
}

/**
 * The next candidate: never an origin already tried, and a pool already tried only when no other is left.
 *
 * @param tried what this request has tried so far, in order
 * @param nowMs ms since the epoch
 * @param wish  what the request's session asks for; null: nothing
 * @returns null when every available origin has been tried
 */
export function nextCandidate(
  service: ServiceState,
  request: SteerRequest,
  tried: readonly Candidate[],
  nowMs: number,
  wish: Wish | null = null,
): Candidate | null {
  refreshAvailability(service, nowMs);
  if (service.maxBackups > 0) return nextInChain(service, request, tried, wish);
  const within = wish?.within ?? null;
  if (isWholeFor(service)) {
    const { picker } = service;
    if (tried.length === 0 && wish === null) return pickFrom(service, picker, service.eligible, null, request, tried);
    const eligible = wished(service, service.eligible, wish);
    return (
      pickFrom(service, picker, untriedPools(service, eligible, tried), null, request, tried, within) ??
      pickFrom(service, picker, eligible, null, request, tried, within)
    );
  }
  const { picker, required, preferred } = scopeOf(service, request);
  const among = (flags: Flags, triedPoolsToo: boolean) => {
    const left = wished(service, flags.pools, wish);
    const allowed = triedPoolsToo ? left : untriedPools(service, left, tried);
    const candidate = pickFrom(service, picker, allowed, flags.origins, request, tried, within);
    return candidate === null || flags === required ? candidate : { ...candidate, share: candidate.origin.kept };
  };
  return among(preferred, false) ?? among(required, false) ?? among(preferred, true) ?? among(required, true);
}

/** The same where the service has backups: one stage after the other. */
function nextInChain(
  service: ServiceState,
  request: SteerRequest,
  tried: readonly Candidate[],
  wish: Wish | null,
): Candidate | null {
  const triedBackups = tried.filter(({ origin }) => origin.backup > 0).length;
  const { picker, stages } = stagesOf(service, request, triedBackups);
  for (const { among } of stages) {
    for (const triedPoolsToo of [false, true]) {
      for (const { pools, origins, isByShare } of among) {
        const left = wished(service, pools, wish);
        const allowed = triedPoolsToo ? left : untriedPools(service, left, tried);
        const candidate = pickFrom(service, picker, allowed, origins, request, tried, wish?.within);
        if (candidate !== null) return isByShare ? { ...candidate, share: candidate.origin.kept } : candidate;
      }
    }
  }
  return null;
}

/** The flags of the pools that are wished for; a copy. */
function wished(service: ServiceState, pools: Uint8Array, wish: Wish | null): Uint8Array {
  const only = wish?.pool ?? null;
  return only === null ? pools.slice() : pools.map((flag, index) => (service.pools[index] === only ? flag : 0));
}

function untriedPools(service: ServiceState, pools: Uint8Array, tried: readonly Candidate[]): Uint8Array {
  const left = pools.slice();
  for (const { pool } of tried) left[service.pools.indexOf(pool)] = 0;
  return left;
}

/** @param origins flags of each pool's origins; null: all that are eligible */
function pickFrom(
  service: ServiceState,
  picker: Picker,
  pools: Uint8Array,
  origins: readonly Uint8Array[] | null,
  request: SteerRequest,
  tried: readonly Candidate[],
  within: Wish["within"] = null,
): Candidate | null {
  for (;;) {
    const poolIndex = picker.pick(pools, request);
    if (poolIndex === -1) return null;
    const pool = service.pools[poolIndex]!;
    const chooser = within === null ? pool.picker : within(pool);
    const originIndex = chooser.pick(untried(pool, origins?.[poolIndex] ?? pool.eligible, tried), request);
    if (originIndex !== -1) return { pool, origin: pool.origins[originIndex]!, share: 1 };
    pools[poolIndex] = 0;
  }
}

/** The pool's flags, less what was tried; copied only when something was. */
function untried(pool: PoolState, eligible: Uint8Array, tried: readonly Candidate[]): Uint8Array {
  if (!tried.some((candidate) => candidate.pool === pool)) return eligible;
  const left = eligible.slice();
  for (const { pool: triedPool, origin } of tried) if (triedPool === pool) left[pool.origins.indexOf(origin)] = 0;
  return left;
}
