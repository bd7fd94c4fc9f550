/**
 * What a session's home says about where its request goes. It comes after everything that says which origins may take
 * requests at all and before everything that merely prefers some:
 *
 * - Never an origin that is disabled, ejected, unhealthy or fenced off by a rule or a filter. A session revives nothing.
 * - A draining origin keeps its sessions for `drainSeconds`, an origin of weight 0 as long as it has that weight.
 * - Canaries, shedding, capacity and weights choose for new sessions only. Who has a home stays there.
 * - A backup keeps nobody once a primary is available.
 * - A recovering origin gets its sessions back as its ramp grows, session by session rather than request by request.
 */
import type { AffinityConfig } from "../config/affinity.ts";
import { admits } from "../health/ramp.ts";
import { refreshAvailability, type PoolState, type ServiceState, type Standing } from "../steering/availability.ts";
import { mayReach } from "../steering/narrow.ts";
import { ailmentOf, type OriginState } from "../steering/origin-state.ts";
import type { SteerRequest } from "../steering/policy.ts";
import type { Home } from "./places.ts";

export type Claim =
  /** Goes to its origin. `mayLeave`: and elsewhere if that fails. */
  | { readonly kind: "stay"; readonly candidate: Standing; readonly mayLeave: boolean }
  /** Goes to its pool. `moves`: and is at home where it is served there. */
  | { readonly kind: "within"; readonly pool: PoolState; readonly mayLeave: boolean; readonly moves: boolean }
  /** Goes where steering sends it. `moves`: and is at home there from now on. */
  | { readonly kind: "free"; readonly moves: boolean }
  /** Its home is out, and it is served nowhere else. */
  | { readonly kind: "refused" };

/** Nobody's claim: a request without a session. */
export const NO_CLAIM: Claim = { kind: "free", moves: false };

const NEW: Claim = { kind: "free", moves: true };
const AWAY: Claim = { kind: "free", moves: false };
const REFUSED: Claim = { kind: "refused" };

type Rules = Pick<AffinityConfig, "onUnavailable" | "drainSeconds">;

/**
 * @param sessionId decides which sessions a recovering origin gets back first
 * @param nowMs     ms since the epoch
 */
export function claimOf(
  service: ServiceState,
  request: SteerRequest,
  { pool, origin }: Home,
  rules: Rules,
  sessionId: string,
  nowMs: number,
): Claim {
  if (pool === null && origin === null) return NEW;
  refreshAvailability(service, nowMs);
  const mayLeave = rules.onUnavailable !== "none";
  // Who was taken in by a backup is at home with the primaries once they are back.
  if (hasPrimary(service) && isBackup(origin === null ? pool!.origins : [origin.origin])) return NEW;
  if (origin !== null) {
    const access = accessTo(service, request, origin, rules, sessionId, nowMs);
    if (access === "open") return { kind: "stay", candidate: origin, mayLeave };
    if (access === "fenced off") return AWAY;
    if (access === "drained") return NEW;
  }
  // Its origin is out, or it has none here yet: another one of the pool that it shares with its group is next.
  if (pool !== null && isOpen(service, request, pool)) {
    return { kind: "within", pool, mayLeave, moves: origin === null || rules.onUnavailable === "sticky" };
  }
  return rules.onUnavailable === "none" ? REFUSED : rules.onUnavailable === "sticky" ? NEW : AWAY;
}

type Access = "open" | "fenced off" | "drained" | "out";

function accessTo(
  service: ServiceState,
  request: SteerRequest,
  { pool, origin }: Standing,
  { onUnavailable, drainSeconds }: Rules,
  sessionId: string,
  nowMs: number,
): Access {
  const at = pool.origins.indexOf(origin);
  if (!mayReach(service, request, service.pools.indexOf(pool), at)) return "fenced off";
  if (origin.administrative === "draining") {
    if (nowMs >= drainEndsMs(origin, drainSeconds)) return "drained";
    return ailmentOf(origin, nowMs) === null ? "open" : "out";
  }
  const isAvailable =
    pool.eligible[at] === 1 || (origin.administrative === "enabled" && ailmentOf(origin, nowMs) === null);
  if (!isAvailable) return "out";
  // Who may go nowhere else is not kept waiting for a ramp.
  return onUnavailable === "none" || admits(origin.id, sessionId, origin.rampShare) ? "open" : "out";
}

/** Until when a draining origin keeps its sessions, ms since the epoch. */
export function drainEndsMs({ drainingSinceMs }: OriginState, drainSeconds: number): number {
  return drainingSinceMs + drainSeconds * 1000;
}

function hasPrimary({ maxBackups, levels }: ServiceState): boolean {
  return maxBackups > 0 && levels[0]!.pools.includes(1);
}

function isBackup(origins: readonly OriginState[]): boolean {
  return origins.every(({ backup }) => backup > 0);
}

function isOpen(service: ServiceState, request: SteerRequest, pool: PoolState): boolean {
  const index = service.pools.indexOf(pool);
  return pool.eligible.some((flag, at) => flag === 1 && mayReach(service, request, index, at));
}
