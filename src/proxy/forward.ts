/** From a request to an origin's answer: candidate after candidate, until one answers or there is no point in going on. */
import { retryRefusal } from "../resilience/retry.ts";
import { nextCandidate, type Candidate } from "../steering/candidates.ts";
import { attempt, discard, type Attempt, type Outcome } from "./attempt.ts";
import { outboundBody, type OutboundBody } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";
import { recordOutcome, recordStart, reportOutcome } from "./record.ts";
import { headersFor, outboundHeaders, outboundTarget } from "./request.ts";

/** What came of it: an origin's answer (it may be a bad one, when no other was to be had), or a failure of our own. */
export type Answer = { readonly response: Response } | { readonly failure: Failure };

/** Seconds after which a client may find an origin available again; local ejections last one. */
const RETRY_AFTER_SECONDS = 1;

/** Tries candidates in the order that steering gives them. Every attempt is noted in `exchange.attempts`. */
export async function forward(exchange: Exchange): Promise<Answer> {
  const { request, service } = exchange;
  const { retry, limits } = service.config;
  const headers = outboundHeaders(exchange);
  const target = outboundTarget(exchange);
  const body = await outboundBody(
    request,
    exchange.fields.contentLength,
    retry.attempts > 1 ? retry.maxBufferedBodyBytes : 0,
    limits.maxBodyBytes,
  );
  const tried: Candidate[] = [];

  let candidate = body.fault === null ? nextCandidate(exchange.state, exchange, tried, Date.now()) : null;
  while (candidate !== null) {
    tried.push(candidate);
    const outcome = await tryCandidate(exchange, candidate, headers, target, body);
    if (outcome.kind === "success") return { response: outcome.response };
    if (body.fault !== null) break;
    candidate = mayTryAnother(exchange, outcome, body)
      ? nextCandidate(exchange.state, exchange, tried, Date.now())
      : null;
    if (candidate === null) return lastWord(outcome);
    if (outcome.kind === "failure" && outcome.response !== null) discard(outcome.response);
  }
  return { failure: body.fault ?? { kind: "no-origin", retryAfterSeconds: RETRY_AFTER_SECONDS } };
}

async function tryCandidate(
  exchange: Exchange,
  candidate: Candidate,
  headers: Headers,
  target: string,
  body: OutboundBody,
): Promise<Outcome> {
  const to = exchange.gateway.plan.target(candidate.origin.config);
  const { timeouts } = exchange.service.config;
  const startedMs = Date.now();
  const deadlineMs = Math.min(timeouts.firstByteMs, timeouts.totalMs - (startedMs - exchange.startedMs));
  recordStart(candidate);
  const trying = attempt(to, {
    method: exchange.request.method,
    url: to.base + target,
    headers: headersFor(to, headers),
    body,
    deadlineMs,
    readsBody: exchange.readsBody,
  }).then((outcome) => {
    const nowMs = Date.now();
    const durationMs = nowMs - startedMs;
    recordOutcome(exchange.state, candidate, outcome, durationMs, nowMs);
    reportOutcome(exchange, candidate, outcome, durationMs);
    exchange.attempts.push({ candidate, durationMs, result: resultOf(outcome) });
    return outcome;
  });
  // The runtime drops a request whose client leaves; what was started has to be accounted for all the same.
  exchange.context.waitUntil(trying);
  return trying;
}

function mayTryAnother(exchange: Exchange, outcome: Outcome, body: OutboundBody): boolean {
  if (outcome.kind !== "failure") return false;
  const { retry, timeouts } = exchange.service.config;
  return (
    retryRefusal({
      method: exchange.request.method,
      failure: outcome.failure,
      made: exchange.attempts.length,
      attempts: retry.attempts,
      leftMs: timeouts.totalMs - (Date.now() - exchange.startedMs),
      replayable: body.replayable,
      deduplicated: retry.originsDeduplicate && exchange.fields.idempotencyKey !== null,
    }) === null
  );
}

/** What the client gets when nothing better is to come: the origin's own bad answer if there is one. */
function lastWord(outcome: Outcome): Answer {
  if (outcome.kind === "failure" && outcome.response !== null) return { response: outcome.response };
  if (outcome.kind === "failure" && outcome.failure === "timeout") return { failure: { kind: "origin-timeout" } };
  return { failure: { kind: "origin-failed" } };
}

function resultOf(outcome: Outcome): Attempt["result"] {
  if (outcome.kind === "ignored") return "ignored";
  return outcome.kind === "failure" && outcome.response === null ? outcome.failure : outcome.response!.status;
}
