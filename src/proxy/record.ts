/** What an attempt teaches this isolate: latency, and whether to keep away from an origin for a moment. */
import { retryAfterMs } from "../resilience/retry.ts";
import type { ServiceState } from "../steering/availability.ts";
import type { Candidate } from "../steering/candidates.ts";
import { observeAttempt } from "../steering/observe.ts";
import type { Seen } from "../view/report.ts";
import type { Outcome } from "./attempt.ts";
import type { Exchange } from "./exchange.ts";

/** How long an isolate keeps away from an origin on its own evidence, ms. The agreed breaker takes over from there. */
const EJECTION_MS = 1000;

/** An origin may ask to be left alone for longer, but it is asked again after this time, ms. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** Failures in a row that eject when no single one is proof (a status, a timeout). */
const FAILURE_RUN = 5;

/** Notes that an attempt is waiting for its response head. */
export function recordStart({ pool, origin }: Candidate): void {
  pool.inFlight++;
  origin.inFlight++;
}

/**
 * Notes how an attempt ended. A thrown attempt ejects at once, since the origin could not be reached; a status or a
 * timeout may be about one request, so it takes a run of them.
 *
 * @param durationMs time to the response head or to giving up, ms
 * @param nowMs      ms since the epoch
 */
export function recordOutcome(
  service: ServiceState,
  candidate: Candidate,
  outcome: Outcome,
  durationMs: number,
  nowMs: number,
): void {
  const { pool, origin } = candidate;
  pool.inFlight--;
  origin.inFlight--;
  if (outcome.kind === "ignored") return;
  observeAttempt(service, candidate, outcome.kind === "success", durationMs, nowMs);
  if (outcome.kind === "success") {
    origin.failureRun = 0;
    return;
  }
  origin.failureRun++;
  const leftAloneMs = outcome.response === null ? 0 : retryAfterMs(outcome.response.headers.get("Retry-After"), nowMs);
  if (leftAloneMs > 0) return eject(service, candidate, nowMs + Math.min(leftAloneMs, LONGEST_RETRY_AFTER_MS));
  const isProof = outcome.failure === "connection" || outcome.failure === "unreached";
  if (!isProof && origin.failureRun < FAILURE_RUN) return;
  eject(service, candidate, nowMs + EJECTION_MS);
}

function eject(service: ServiceState, { origin }: Candidate, untilMs: number): void {
  origin.ejectedUntilMs = Math.max(origin.ejectedUntilMs, untilMs);
  service.validUntilMs = 0;
}

/** Notes the same for the report to the hub, which hears of a failure at once. */
export function reportOutcome(exchange: Exchange, { origin }: Candidate, outcome: Outcome, durationMs: number): void {
  if (outcome.kind === "ignored") return;
  const { view, context } = exchange;
  if (exchange.state.panicking) view.report.panic(origin.id);
  else view.report.attempt(origin.id, seen(outcome), durationMs, false);
  if (outcome.kind === "failure") view.sync.urgent(context);
}

function seen(outcome: Exclude<Outcome, { kind: "ignored" }>): Seen {
  if (outcome.kind === "success") return "success";
  if (outcome.failure === "timeout") return "timeout";
  return outcome.failure === "connection" || outcome.failure === "unreached" ? "connection" : "other failure";
}
