/** An operator's runtime change laid over the deployed configuration: one operation on one id, with an optional expiry. */
import type { Maintenance } from "../config/maintenance.ts";
import type { OriginConfig } from "../config/origin.ts";
import type { Taking } from "./taking-effect.ts";
import type { PolicyName } from "../config/steering.ts";
import type { Administrative } from "../steering/origin-state.ts";

/** Who laid it over, why and when. */
export interface Attribution {
  readonly author: string;
  readonly reason: string;
  /** ms since the epoch. */
  readonly atMs: number;
}

interface Laid {
  /** When it stops applying, ms since the epoch; null: never. Whoever first sees the time pass drops it. */
  readonly expiresAtMs: number | null;
  readonly by?: Attribution;
  /** How it takes effect, where it is about an origin's traffic; absent: at once. */
  readonly taking?: Taking;
}

export type Override = Laid &
  (
    | { readonly kind: "administrative"; readonly origin: string; readonly state: Administrative }
    | { readonly kind: "weight"; readonly origin: string; readonly weight: number }
    /** A game day: the origin counts as down. */
    | { readonly kind: "failure"; readonly origin: string }
    | PolicyOverride
    | { readonly kind: "maintenance"; readonly service: string; readonly maintenance: Maintenance }
    | Registration
    | ConfigOverride
    | LimitReset
  );

export interface PolicyOverride {
  readonly kind: "policy";
  readonly service: string;
  /** Among pools; absent: as configured. */
  readonly policy?: PolicyName;
  /** Among the origins of a pool; absent: as configured. */
  readonly within?: PolicyName;
}

/** A whole configuration in place of the deployed one, for as long as that one is deployed. */
export interface ConfigOverride {
  readonly kind: "config";
  /** Content hash of the deployed one. */
  readonly base: string;
  /** A `Config` with every default filled in, as JSON. */
  readonly json: string;
}

/** An origin that registered itself. */
export interface Registration {
  readonly kind: "registration";
  readonly service: string;
  readonly pool: string;
  readonly origin: OriginConfig;
  /** How long it stays without a heartbeat, seconds; null: until it is deregistered. */
  readonly ttlSeconds: number | null;
}

/**
 * A key of a rate limit was reset: isolates forget the refusals they remember of it, and ask its limiter again. To be
 * made after the limiter's own `reset` was answered. It need not last: whoever hears of it later remembers nothing older.
 */
export interface LimitReset {
  readonly kind: "limit-reset";
  readonly service: string;
  /** Name of the limit, for people. */
  readonly limit: string;
  /** Name of the key's `RateLimiter` (rate-limit/limiter-name.ts). */
  readonly limiter: string;
}

/** What an override is about. A later one about the same takes its place. */
export function overrideKey(override: Override): string {
  switch (override.kind) {
    case "policy":
    case "maintenance":
      return `${override.kind}/${override.service}`;
    case "registration":
      return `registration/${override.origin.id}`;
    case "config":
      return "config";
    case "limit-reset":
      return `limit-reset/${override.limiter}`;
    case "administrative":
    case "weight":
    case "failure":
      return `${override.kind}/${override.origin}`;
  }
}

/** When it stops applying, ms since the epoch; Infinity: never. */
export function expiryOf(override: Override): number {
  return override.expiresAtMs ?? Infinity;
}
