/** An operator's runtime change laid over the deployed configuration: one operation on one id, with an optional expiry. */
import type { PolicyName } from "../config/steering.ts";
import type { Administrative } from "../steering/origin-state.ts";

interface Expiring {
  /** When it stops applying, ms since the epoch; Infinity: never. Whoever first sees the time pass drops it. */
  readonly expiresAtMs: number;
}

export type Override = Expiring &
  (
    | { readonly kind: "administrative"; readonly origin: string; readonly state: Administrative }
    | { readonly kind: "weight"; readonly origin: string; readonly weight: number }
    | { readonly kind: "policy"; readonly service: string; readonly policy: PolicyName }
  );

/** What an override is about. A later one about the same takes its place. */
export function overrideKey(override: Override): string {
  return override.kind === "policy" ? `policy/${override.service}` : `${override.kind}/${override.origin}`;
}
