/** A service's state in a word, and which of its origins are out and why. */
import type { ServiceState } from "../steering/availability.ts";
import { refusalOf } from "../steering/origin-state.ts";

export interface ServiceHealth {
  readonly service: string;
  readonly status: "healthy" | "degraded" | "unhealthy";
  readonly origins: number;
  readonly available: number;
  readonly panicking: boolean;
  /** What it lacks, so that it is not run as it is configured; null: nothing. */
  readonly fault: string | null;
  readonly out: { readonly origin: string; readonly reason: string }[];
}

/**
 * @param fault what it lacks to be run as it is configured; null: nothing
 * @param nowMs ms since the epoch
 */
export function serviceHealth(service: ServiceState, fault: string | null, nowMs: number): ServiceHealth {
  const origins = service.pools.flatMap((pool) => pool.origins);
  const out = origins.flatMap((origin) => {
    const reason = refusalOf(origin, nowMs);
    return reason === null ? [] : [{ origin: origin.id, reason }];
  });
  const available = origins.length - out.length;
  return {
    service: service.name,
    status: fault !== null || available === 0 ? "unhealthy" : out.length === 0 ? "healthy" : "degraded",
    origins: origins.length,
    available,
    panicking: service.panicking,
    fault,
    out,
  };
}
