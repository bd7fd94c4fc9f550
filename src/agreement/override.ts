/** An operator's runtime change laid over the deployed configuration: one operation on one id, with an optional expiry. */
import type { PolicyName } from "../config/steering.ts";
import type { Administrative } from "../steering/origin-state.ts";

interface Expiring {
  /** When it stops applying, ms since the epoch; null: never. Whoever first sees the time pass drops it. */
  readonly expiresAtMs: number | null;
}

export type Override = Expiring &
  (
    | { readonly kind: "administrative"; readonly origin: string; readonly state: Administrative }
    | { readonly kind: "weight"; readonly origin: string; readonly weight: number }
    | { readonly kind: "policy"; readonly service: string; readonly policy: PolicyName }
    | LimitReset
  );

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
  if (override.kind === "policy") return `policy/${override.service}`;
  if (override.kind === "limit-reset") return `limit-reset/${override.limiter}`;
  return `${override.kind}/${override.origin}`;
}

/** When it stops applying, ms since the epoch; Infinity: never. */
export function expiryOf(override: Override): number {
  return override.expiresAtMs ?? Infinity;
}
