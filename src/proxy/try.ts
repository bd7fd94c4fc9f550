/** One try of an errand at one candidate: sent, timed, recorded, and given up when told so. */
import type { Claim } from "../affinity/claim.ts";
import type { RetryRule } from "../config/retry.ts";
import { observeDuration } from "../resilience/hedge.ts";
import type { Candidate } from "../steering/candidates.ts";
import type { Trial } from "../view/trials.ts";
import { attempt, discard, type Attempt, type Outcome } from "./attempt.ts";
import type { OutboundBody } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import { leaveOrigin } from "./pace.ts";
import type { Runner } from "./race.ts";
import { recordOutcome, recordStart, reportOutcome, reportTrial } from "./record.ts";
import { headersFor } from "./request.ts";

/** What all attempts of one request share. */
export interface Errand {
  readonly exchange: Exchange;
  readonly rule: RetryRule;
  /** Where the request's session wants it to go. */
  readonly claim: Claim;
  readonly headers: Headers;
  /** Path and query as the origin sees them. */
  readonly target: string;
  readonly body: OutboundBody;
  /** In the order they were begun. */
  readonly tried: Candidate[];
  /** Hedges this request may still send. */
  hedgesLeft: number;
}

/**
 * Sends an attempt. The caller has taken a place for it at the origin; it is given back here.
 *
 * @param trial the permit under which a half-open origin is tried; null for any other attempt
 */
export function startTry(errand: Errand, candidate: Candidate, trial: Trial | null = null): Runner<Outcome> {
  const { exchange, rule, headers, target, body } = errand;
  const { service, request, context } = exchange;
  const { timeouts, concurrency } = service.config;
  const to = exchange.gateway.plan.target(candidate.origin.config);
  const startedMs = Date.now();
  const perTryMs = Math.min(rule.perTryTimeoutMs ?? timeouts.firstByteMs, timeouts.firstByteMs);
  const cancellation = rule.hedge === undefined ? null : new AbortController();
  errand.tried.push(candidate);
  recordStart(exchange.view.report, candidate);
  const outcome = attempt(to, {
    method: request.method,
    url: to.base + target,
    headers: headersFor(to, headers),
    body,
    deadlineMs: Math.min(perTryMs, timeouts.totalMs - (startedMs - exchange.startedMs), trial?.deadlineMs ?? Infinity),
    readsBody: exchange.readsBody,
    cancel: cancellation?.signal ?? null,
  }).then((came) => {
    const ended = judgedBy(rule, came);
    const nowMs = Date.now();
    const durationMs = nowMs - startedMs;
    leaveOrigin(service.pace, concurrency, candidate.origin);
    const result = resultOf(ended);
    recordOutcome(exchange.state, candidate, ended, result, trial !== null, durationMs, nowMs);
    if (trial === null) reportOutcome(exchange, candidate, result, durationMs);
    else reportTrial(exchange, candidate, trial, result);
    if (rule.hedge !== undefined) observeDuration(service.pace.histogram, durationMs);
    note(exchange.attempts, { candidate, durationMs, result }, cancellation?.signal.aborted === true);
    return ended;
  });
  // The runtime drops a request whose client leaves; what was started has to be accounted for all the same.
  context.waitUntil(outcome);
  return { outcome, cancel: () => context.waitUntil(giveUp(outcome, cancellation)) };
}

/** Statuses that the rule retries are failures, whatever they are elsewhere. */
function judgedBy({ on }: RetryRule, outcome: Outcome): Outcome {
  if (outcome.kind !== "success" || outcome.response.status < 400 || !on.includes(outcome.response.status))
    return outcome;
  return { kind: "failure", failure: "status", response: outcome.response };
}

/** The answer's own attempt is last: one that was given up comes in before it. */
function note(attempts: Attempt[], noted: Attempt, givenUp: boolean): void {
  if (givenUp) attempts.splice(-1, 0, noted);
  else attempts.push(noted);
}

/** Aborts a loser; should it answer all the same, nobody reads it. */
async function giveUp(outcome: Promise<Outcome>, cancellation: AbortController | null): Promise<void> {
  cancellation?.abort();
  const late = await outcome;
  if (late.kind !== "ignored" && late.response !== null) discard(late.response);
}

function resultOf(outcome: Outcome): Attempt["result"] {
  if (outcome.kind === "ignored") return "ignored";
  return outcome.kind === "failure" && outcome.response === null ? outcome.failure : outcome.response!.status;
}
