/** What an operator may do to an origin's breaker by hand, and what becomes of the agreement then. */
import { startRamp } from "../health/ramp.ts";
import type { BreakerRules, CircuitBreaker, Closed } from "./circuit-breaker.ts";
import type { Moment, OriginAgreement } from "./origin-agreement.ts";
import type { OriginInspection } from "./origin-history.ts";

export interface BreakerOrder {
  /**
   * `open`: no traffic from anywhere, then trials. `close`: traffic again, onto the ramp. `reset`: all of it at once, and
   * the openings before are forgotten.
   */
  readonly kind: "open" | "close" | "reset";
  /** For the history. */
  readonly reason: string;
  /** How long it stays open before it is tried, s; null: the service's `openSeconds`. */
  readonly seconds: number | null;
}

/** What came of an order. */
export interface OrderAnswer {
  readonly inspection: OriginInspection;
  /** Hubs that have it; their isolates hear of it at once. */
  readonly told: readonly string[];
  /** Hubs that have not acknowledged it yet; they are told again until they do. */
  readonly away: readonly string[];
}

/** What the control plane asks of a breaker. */
export interface BreakerForApi {
  inspect(): Promise<OriginInspection>;
  order(order: BreakerOrder): Promise<OrderAnswer>;
}

/** Trials that are in flight keep their slots: never more than so many, whatever an operator does. */
export function obey(
  agreement: OriginAgreement,
  { kind, reason, seconds }: BreakerOrder,
  rules: BreakerRules,
  { nowMs }: Moment,
): OriginAgreement {
  if (kind === "open") {
    const untilMs = nowMs + (seconds ?? rules.breaker.openSeconds) * 1000;
    return { ...agreement, world: { phase: "open", sinceMs: nowMs, untilMs, reason, openings: 1 }, regions: {} };
  }
  const closed: Closed = {
    phase: "closed",
    sinceMs: nowMs,
    reason,
    openings: 0,
    window: [],
    ramp: kind === "close" ? startRamp(rules.ramp, nowMs) : null,
  };
  const after = (breaker: CircuitBreaker) => (kind === "close" && isWhole(breaker) ? breaker : closed);
  const regions = Object.entries(agreement.regions).map(([region, breaker]) => [region, after(breaker)] as const);
  return { ...agreement, world: after(agreement.world), regions: Object.fromEntries(regions) };
}

/** What takes all its traffic already needs no ramp. */
function isWhole(breaker: CircuitBreaker): boolean {
  return breaker.phase === "closed" && breaker.ramp === null;
}
