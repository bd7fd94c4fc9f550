/** One try of an errand at one candidate: sent, timed, recorded, and given up when told so. */
import type { Claim } from "../affinity/claim.ts";
import type { RetryRule } from "../config/retry.ts";
import { observeDuration } from "../resilience/hedge.ts";
import type { Candidate } from "../steering/candidates.ts";
import type { Trial } from "../view/trials.ts";
import { deadlineOf, discard, judge, judgeSilence, send, type Attempt, type Message, type Outcome } from "./attempt.ts";
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
  readonly method: string;
  readonly headers: Headers;
  /** Path and query as the origin sees them. */
  readonly target: string;
  readonly body: OutboundBody;
  /** In the order they were begun. */
  tried: readonly Candidate[];
  /** Hedges this request may still send. */
  hedgesLeft: number;
}

/**
 * Sends an attempt. The caller has taken a place for it at the origin; it is given back here.
 *
 * @param trial  the permit under which a half-open origin is tried; null for any other attempt
 * @param cancel gives the attempt up; null: nobody will
 */
export function tryCandidate(
  errand: Errand,
  candidate: Candidate,
  trial: Trial | null = null,
  cancel: AbortSignal | null = null,
): Promise<Outcome> {
  const { exchange, rule, body } = errand;
  const { service } = exchange;
  const { timeouts } = service.config;
  const to = exchange.gateway.plan.target(candidate.origin.config);
  const startedMs = Date.now();
  const message: Message = {
    method: errand.method,
    url: to.base + errand.target,
    headers: headersFor(to, errand.headers),
    body,
    deadlineMs: Math.min(
      rule.perTryTimeoutMs ?? timeouts.firstByteMs,
      timeouts.firstByteMs,
      timeouts.totalMs - (startedMs - exchange.startedMs),
      trial?.deadlineMs ?? Infinity,
    ),
    readsBody: exchange.readsBody,
    cancel,
  };
  const deadline = deadlineOf(message);
  const ended = (came: Outcome): Outcome => {
    deadline.stop();
    const nowMs = Date.now();
    const durationMs = nowMs - startedMs;
    leaveOrigin(service.pace, service.config.concurrency, candidate.origin);
    const judged = judgedBy(rule, came);
    const result = resultOf(judged);
    recordOutcome(exchange.state, candidate, judged, result, trial !== null, durationMs, nowMs);
    if (trial === null) reportOutcome(exchange, candidate, result, durationMs);
    else reportTrial(exchange, candidate, trial, result);
    if (rule.hedge !== undefined) observeDuration(service.pace.histogram, durationMs);
    note(exchange.attempts, { candidate, durationMs, result }, cancel?.aborted === true);
    return judged;
  };
  errand.tried = errand.tried.length === 0 ? [candidate] : [...errand.tried, candidate];
  recordStart(exchange.view.report, candidate);
  const outcome = send(to, message, deadline).then(
    (response) => ended(judge(response)),
    () => ended(judgeSilence(message, deadline)),
  );
  // The runtime drops a request whose client leaves; what was started has to be accounted for all the same.
  exchange.context.waitUntil(outcome);
  return outcome;
}

/** The same for a race: it can be given up. */
export function startTry(errand: Errand, candidate: Candidate): Runner<Outcome> {
  const { context } = errand.exchange;
  const cancellation = new AbortController();
  const outcome = tryCandidate(errand, candidate, null, cancellation.signal);
  return { outcome, cancel: () => context.waitUntil(giveUp(outcome, cancellation)) };
}

/** Statuses that the rule retries are failures, whatever they are elsewhere. */
function judgedBy({ on }: RetryRule, outcome: Outcome): Outcome {
  if (outcome.kind !== "success") return outcome;
  const { status } = outcome.response;
  if (status < 400 || !on.includes(status)) return outcome;
  return { kind: "failure", failure: "status", response: outcome.response };
}

/** The answer's own attempt is last: one that was given up comes in before it. */
function note(attempts: Attempt[], noted: Attempt, givenUp: boolean): void {
  if (givenUp) attempts.splice(-1, 0, noted);
  else attempts.push(noted);
}

/** Aborts a loser; should it answer all the same, nobody reads it. */
async function giveUp(outcome: Promise<Outcome>, cancellation: AbortController): Promise<void> {
  cancellation.abort();
  const late = await outcome;
  if (late.kind !== "ignored" && late.response !== null) discard(late.response);
}

function resultOf(outcome: Outcome): Attempt["result"] {
  if (outcome.kind === "ignored") return "ignored";
  return outcome.kind === "failure" && outcome.response === null ? outcome.failure : outcome.response!.status;
}
