/** A service's state in a word, and which of its origins are out and why. */
import type { ServiceState } from "../steering/availability.ts";
import { refusalOf } from "../steering/origin-state.ts";

export interface ServiceHealth {
  readonly service: string;
  readonly status: "healthy" | "degraded" | "unhealthy";
  readonly origins: number;
  readonly available: number;
  readonly panicking: boolean;
  readonly out: { readonly origin: string; readonly reason: string }[];
}

/** @param nowMs ms since the epoch */
export function serviceHealth(service: ServiceState, nowMs: number): ServiceHealth {
  const origins = service.pools.flatMap((pool) => pool.origins);
  const out = origins.flatMap((origin) => {
    const reason = refusalOf(origin, nowMs);
    return reason === null ? [] : [{ origin: origin.id, reason }];
  });
  const available = origins.length - out.length;
  return {
    service: service.name,
    status: out.length === 0 && available > 0 ? "healthy" : available > 0 ? "degraded" : "unhealthy",
    origins: origins.length,
    available,
    panicking: service.panicking,
    out,
  };
}
