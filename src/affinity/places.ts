/**
 * Where a session can be: `pool:<id>`, `origin:<id>`, or `name:<opaque name>` for what only another service can tell.
 *
 * A session of one service names its origin, or its pool where that is its scope. One of a group names the pool that all
 * its services keep to, and of each service the origin in it.
 */
import type { AffinityConfig } from "../config/affinity.ts";
import type { PoolState, ServiceState, Standing } from "../steering/availability.ts";

export function poolPlace(pool: string): string {
  return `pool:${pool}`;
}

export function originPlace(origin: string): string {
  return `origin:${origin}`;
}

/** The origin a place names, or null. */
export function originOf(place: string): string | null {
  return place.startsWith("origin:") ? place.slice("origin:".length) : null;
}

/** A service's pools and origins by place. Made once for a `ServiceState`, whose pools and origins do not change. */
export interface Atlas {
  readonly pools: ReadonlyMap<string, PoolState>;
  readonly origins: ReadonlyMap<string, Standing>;
  /** All of them. */
  readonly places: readonly string[];
}

export function makeAtlas({ pools }: Pick<ServiceState, "pools">): Atlas {
  const byPool = new Map(pools.map((pool) => [poolPlace(pool.id), pool]));
  const byOrigin = new Map(
    pools.flatMap((pool) => pool.origins.map((origin) => [originPlace(origin.id), { pool, origin }] as const)),
  );
  return { pools: byPool, origins: byOrigin, places: [...byPool.keys(), ...byOrigin.keys()] };
}

/** Where a session is at home in a service; both null: nowhere yet, or where it was is no more. */
export interface Home {
  readonly pool: PoolState | null;
  readonly origin: Standing | null;
}

export function homeOf({ pools, origins }: Atlas, places: readonly string[]): Home {
  let pool: PoolState | null = null;
  for (const place of places) pool ??= pools.get(place) ?? null;
  for (const place of places) {
    const standing = origins.get(place);
    // The pool is what a group agrees on: an origin elsewhere is from before it moved.
    if (standing !== undefined && (pool === null || standing.pool === pool)) return { pool, origin: standing };
  }
  return { pool, origin: null };
}

/**
 * The places of a session that is now at home where it was served.
 *
 * @param before its places until now; a group's other services keep theirs in the same pool
 */
export function settledAt(
  { scope, group }: Pick<AffinityConfig, "scope" | "group">,
  atlas: Atlas,
  before: readonly string[],
  { pool, origin }: Standing,
): string[] {
  const own = scope === "pool" ? [] : [originPlace(origin.id)];
  if (group === undefined) return scope === "pool" ? [poolPlace(pool.id)] : own;
  const shared = poolPlace(pool.id);
  const others = before.includes(shared)
    ? before.filter((place) => !place.startsWith("pool:") && !atlas.origins.has(place))
    : [];
  return [shared, ...own, ...others];
}
