/** What an attempt teaches this isolate: latency, and whether to keep away from an origin for a moment. */
import { EJECTION_MS, ejectsHere, type AttemptResult } from "../resilience/local-breaker.ts";
import { retryAfterMs } from "../resilience/retry.ts";
import type { ServiceState } from "../steering/availability.ts";
import type { Candidate } from "../steering/candidates.ts";
import { observeAttempt } from "../steering/observe.ts";
import { FAILOVER_COUNTERS } from "../telemetry/service-counters.ts";
import type { ReportBook, Seen } from "../view/report.ts";
import type { Trial } from "../view/trials.ts";
import type { Attempt, Outcome } from "./attempt.ts";
import type { Exchange } from "./exchange.ts";

/** An origin may ask to be left alone for longer, but it is asked again after this time, ms. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** Notes that an attempt is waiting for its response head, and for an origin with a capacity that there was one. */
export function recordStart(report: ReportBook, { pool, origin, share }: Candidate): void {
  pool.inFlight++;
  origin.inFlight++;
  if (origin.config.capacity !== undefined) report.sent(origin.id, share);
}

/**
 * Notes how an attempt ended: for the policies, and for the isolate's own ejections.
 *
 * @param outcome    how the request path sees it: whether to try another
 * @param result     what came, for the breaker: what it counts as a failure is configured
 * @param isTrial    of a half-open origin: its outcome goes to the breaker by its permit and nowhere else
 * @param durationMs time to the response head or to giving up, ms
 * @param nowMs      ms since the epoch
 */
export function recordOutcome(
  service: ServiceState,
  candidate: Candidate,
  outcome: Outcome,
  result: Attempt["result"],
  isTrial: boolean,
  durationMs: number,
  nowMs: number,
): void {
  const { pool, origin } = candidate;
  pool.inFlight--;
  origin.inFlight--;
  if (outcome.kind === "ignored" || result === "ignored") return;
  observeAttempt(service, candidate, outcome.kind === "success", durationMs, nowMs);
  if (isTrial) return;
  const isFailure = origin.local.countsAsFailure(result);
  origin.failureRun = isFailure ? origin.failureRun + 1 : 0;
  const leftAloneMs = leaveAloneMs(outcome, nowMs);
  if (leftAloneMs > 0) eject(service, candidate, nowMs + leftAloneMs);
  else if (isFailure && ejectsHere(origin.local, result, origin.failureRun)) {
    eject(service, candidate, nowMs + EJECTION_MS);
  }
}

/** How long a failing origin asks to be left alone, ms; 0 when it does not. */
function leaveAloneMs(outcome: Outcome, nowMs: number): number {
  if (outcome.kind !== "failure" || outcome.response === null) return 0;
  return Math.min(retryAfterMs(outcome.response.headers.get("Retry-After"), nowMs), LONGEST_RETRY_AFTER_MS);
}

function eject(service: ServiceState, { origin }: Candidate, untilMs: number): void {
  origin.ejectedUntilMs = Math.max(origin.ejectedUntilMs, untilMs);
  service.validUntilMs = 0;
}

/** Notes the same for the report to the hub, which hears of a failure at once. */
export function reportOutcome(
  exchange: Exchange,
  { origin }: Candidate,
  result: Attempt["result"],
  durationMs: number,
): void {
  if (result === "ignored") return;
  const { view, context } = exchange;
  const isFailure = origin.local.countsAsFailure(result);
  if (origin.backup > 0) countBackup(exchange, isFailure);
  if (exchange.state.panicking) view.report.panic(origin.id);
  else
    view.report.attempt(origin.id, isFailure ? seen(result) : "success", durationMs, durationMs > origin.local.slowMs);
  if (isFailure) view.sync.urgent(context);
}

function countBackup({ view, service }: Exchange, isFailure: boolean): void {
  view.report.count(service.name, FAILOVER_COUNTERS.attempt);
  if (isFailure) view.report.count(service.name, FAILOVER_COUNTERS.failure);
}

/** Gives a trial's permit back with its outcome, at once: others may be waiting for the slot. */
export function reportTrial(
  { view, context }: Exchange,
  { origin }: Candidate,
  trial: Trial,
  result: Attempt["result"],
): void {
  if (result === "ignored") trial.settle("ignored");
  else trial.settle(origin.local.countsAsFailure(result) ? "failure" : "success");
  view.sync.urgent(context);
}

function seen(result: AttemptResult): Seen {
  if (result === "timeout") return "timeout";
  return result === "connection" || result === "unreached" ? "connection" : "other failure";
}
