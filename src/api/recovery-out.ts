/** Why an origin does not take all of its requests, as its breaker or an operator has it. */
import type { Attribution } from "../agreement/override.ts";
import type { CircuitBreaker } from "../resilience/circuit-breaker.ts";
import type { OriginInspection, Scope } from "../resilience/origin-history.ts";
import type { AdministrativeState } from "../steering/origin-state.ts";
import { admissionOf } from "../health/ramp.ts";

export interface Out {
  readonly origin: string;
  readonly scope: string;
  readonly phase: "open" | "half-open" | "ramping" | "unhealthy" | Exclude<AdministrativeState, "enabled">;
  /** ms since the epoch; null: not known. */
  readonly sinceMs: number | null;
  readonly reason: string;
  /** When an open breaker lets trials through, ms since the epoch; null: no time is set. */
  readonly nextTrialMs: number | null;
  /** Share of its requests that it takes, in [0, 1]. */
  readonly share: number;
}

/** What a breaker and the health checks hold against their origin; empty: nothing. */
export function outByBreaker({ origin, agreement, verdicts, globalVerdict, healthChanges }: OriginInspection): Out[] {
  const breakers: [scope: string, CircuitBreaker][] = [
    ["world", agreement.world],
    ...Object.entries(agreement.regions),
  ];
  const scopes: [scope: Scope, verdict: string][] = [
    ["world", globalVerdict],
    ...(Object.entries(verdicts) as [Scope, string][]),
  ];
  const unhealthy = scopes
    .filter(([, verdict]) => verdict === "down")
    .map(([scope]): Out => {
      const change = healthChanges.findLast((each) => each.scope === scope && each.verdict === "down");
      const { atMs = null, reason = "" } = change ?? {};
      return { origin, scope, phase: "unhealthy", sinceMs: atMs, reason, nextTrialMs: null, share: 0 };
    });
  return [...breakers.flatMap(([scope, breaker]) => outBy(origin, scope, breaker)), ...unhealthy];
}

function outBy(origin: string, scope: string, breaker: CircuitBreaker): Out[] {
  const { phase, sinceMs, reason } = breaker;
  const common = { origin, scope, sinceMs: sinceMs === 0 ? null : sinceMs, reason, nextTrialMs: null };
  if (phase === "open") return [{ ...common, phase, nextTrialMs: breaker.untilMs, share: 0 }];
  if (phase === "half-open") return [{ ...common, phase, share: 0 }];
  return breaker.ramp === null ? [] : [{ ...common, phase: "ramping", share: admissionOf(breaker.ramp) }];
}

/** @param by who took it out, where that is known */
export function outByOperator(origin: string, phase: Exclude<AdministrativeState, "enabled">, by?: Attribution): Out {
  return {
    origin,
    scope: "world",
    phase,
    sinceMs: by?.atMs ?? null,
    reason: by === undefined ? "" : [by.author, by.reason].filter((part) => part !== "").join(": "),
    nextTrialMs: null,
    share: 0,
  };
}
