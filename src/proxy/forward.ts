/** From a request to an origin's answer: candidate after candidate, until one answers or there is no point in going on. */
import { NO_CLAIM } from "../affinity/claim.ts";
import type { RetryRule } from "../config/retry.ts";
import { backoffMs } from "../resilience/backoff.ts";
import { hedgeAfterMs } from "../resilience/hedge.ts";
import { countRequest, oweRetry, takeRetry } from "../resilience/retry-budget.ts";
import { isHarmless, retryRefusal, type FailureKind, type RetryRefusal } from "../resilience/retry.ts";
import { nextCandidate, type Candidate } from "../steering/candidates.ts";
import type { Trial } from "../view/trials.ts";
import { discard, type Outcome } from "./attempt.ts";
import { outboundBody } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";
import { countBody } from "./open-streams.ts";
import { enterOrigin, leaveOrigin, waitForOrigin } from "./pace.ts";
import { race } from "./race.ts";
import { outboundHeaders, outboundTarget } from "./request.ts";
import { startTry, tryCandidate, type Errand } from "./try.ts";

/** What came of it: an origin's answer (it may be a bad one, when no other was to be had), or a failure of our own. */
export type Answer = { readonly response: Response } | { readonly failure: Failure };

/** Most requests try one candidate: until then they share this list. */
const NOBODY: readonly Candidate[] = [];

/** Seconds after which a client may find an origin available again; local ejections last one. */
const RETRY_AFTER_SECONDS = 1;

/** Tries candidates in the order that steering gives them. Every attempt is noted in `exchange.attempts`. */
export async function forward(exchange: Exchange): Promise<Answer> {
  const { request, service } = exchange;
  const { retry } = service.config;
  const rule = service.retryRule(exchange.path, exchange.headers);
  const keepBytes = rule.attempts > 1 || rule.hedge !== undefined ? retry.maxBufferedBodyBytes : 0;
  const read = outboundBody(exchange, keepBytes);
  const body = read instanceof Promise ? await read : read;
  const recalled = exchange.session?.recall(exchange) ?? null;
  if (recalled !== null) await recalled;
  const claim = exchange.session?.claim(exchange) ?? NO_CLAIM;
  const errand: Errand = {
    exchange,
    rule,
    claim,
    method: request.method,
    headers: outboundHeaders(exchange),
    target: outboundTarget(exchange),
    body,
    tried: NOBODY,
    hedgesLeft: rule.hedge?.max ?? 0,
  };
  countRequest(service.pace.budget, exchange.startedMs);

  // A session that has somewhere to go is not sent elsewhere for a trial.
  let trial = body.fault === null && claim.kind === "free" ? beginTrial(errand) : null;
  const place = body.fault === null ? (trial ?? firstPlace(errand)) : null;
  // Awaited only where there is something to wait for: each turn of the queue costs, and usually there is nothing.
  let candidate = place instanceof Promise ? await place : place;
  for (let made = 1; candidate !== null; made++) {
    const outcome = await (trial === null ? tryOrHedge(errand, candidate) : tryCandidate(errand, candidate, trial));
    trial = null;
    if (outcome.kind === "success") {
      exchange.session?.served(exchange, exchange.attempts.at(-1)!.candidate);
      return { response: streamed(exchange, outcome.response) };
    }
    if (body.fault !== null) break;
    const mayRetry = retries(errand, outcome, made) && (await backOff(errand, made));
    candidate = mayRetry ? await retryPlace(errand) : null;
    if (candidate === null) return lastWord(exchange, outcome);
    if (outcome.kind === "failure" && outcome.response !== null) discard(outcome.response);
  }
  return { failure: body.fault ?? { kind: "no-origin", retryAfterSeconds: RETRY_AFTER_SECONDS } };
}

/** Where a retry goes, if the budget has it. It always has a retry that goes where nothing is known to be wrong. */
async function retryPlace(errand: Errand): Promise<Candidate | null> {
  const { exchange, rule } = errand;
  const { service, state } = exchange;
  const candidate = await nextPlace(errand);
  if (candidate === null || isInBudget(exchange, rule)) return candidate;
  if (candidate.origin.failureRun === 0 && !state.panicking) {
    oweRetry(service.pace.budget, Date.now());
    return candidate;
  }
  leaveOrigin(service.pace, service.config.concurrency, candidate.origin);
  return null;
}

/** A half-open origin is tried by a request that can go elsewhere afterwards. Usually there is none, and this is one look. */
function beginTrial(errand: Errand): Trial | null {
  const { exchange } = errand;
  const { state, service, view, context } = exchange;
  if (state.halfOpen.length === 0) return null;
  const canMoveOn = refusalOfRetry(errand, "connection", null, 1) === null;
  const trial = view.trials.begin(state, canMoveOn, (task) => context.waitUntil(task));
  if (trial === null || enterOrigin(service.pace, service.config.concurrency, trial.origin)) return trial;
  trial.settle("ignored");
  return null;
}

/** Where the first attempt goes: a session's origin comes before any policy, and is waited for when it is full. */
function firstPlace(errand: Errand): Candidate | null | Promise<Candidate | null> {
  const { claim } = errand;
  if (claim.kind !== "stay") return nextPlace(errand);
  const { pace, config } = errand.exchange.service;
  const { pool, origin } = claim.candidate;
  const home: Candidate = { pool, origin, share: 1 };
  if (enterOrigin(pace, config.concurrency, home.origin)) return home;
  return waitForOrigin(pace, config.concurrency!, home.origin).then((entered) => (entered ? home : nextPlace(errand)));
}

/** The next candidate, as far as the request's session lets it go. */
function candidateAfter({ exchange, claim }: Errand, tried: readonly Candidate[]): Candidate | null {
  const { state } = exchange;
  if (claim.kind === "free") return nextCandidate(state, exchange, tried, Date.now());
  if (claim.kind === "refused") return null;
  const pool = claim.kind === "within" ? claim.pool : null;
  const near = pool === null ? null : nextCandidate(state, exchange, tried, Date.now(), { pool, within: null });
  return near !== null || !claim.mayLeave ? near : nextCandidate(state, exchange, tried, Date.now());
}

/** The next candidate that has room for an attempt; when all are full, the best of them once it has. */
function nextPlace(errand: Errand): Candidate | null | Promise<Candidate | null> {
  const { exchange, tried } = errand;
  const { service } = exchange;
  const candidate = candidateAfter(errand, tried);
  if (candidate === null || enterOrigin(service.pace, service.config.concurrency, candidate.origin)) return candidate;
  return placeBeside(errand, candidate);
}

/** A candidate that comes after one that is full. */
async function placeBeside(errand: Errand, best: Candidate): Promise<Candidate | null> {
  const { exchange, tried } = errand;
  const { service } = exchange;
  const concurrency = service.config.concurrency!;
  const passed = [...tried, best];
  for (;;) {
    const candidate = candidateAfter(errand, passed);
    if (candidate === null) break;
    if (enterOrigin(service.pace, concurrency, candidate.origin)) return candidate;
    passed.push(candidate);
  }
  return (await waitForOrigin(service.pace, concurrency, best.origin)) ? best : null;
}

function tryOrHedge(errand: Errand, candidate: Candidate): Promise<Outcome> {
  const { exchange, rule } = errand;
  const afterMs =
    rule.hedge !== undefined && mayHedge(errand) ? hedgeAfterMs(rule.hedge, exchange.service.pace.histogram) : Infinity;
  if (afterMs === Infinity) return tryCandidate(errand, candidate);
  return race(startTry(errand, candidate), {
    afterMs,
    isGood: (outcome) => outcome.kind === "success",
    lost: (outcome) => {
      if (outcome.kind === "failure" && outcome.response !== null) discard(outcome.response);
    },
    another() {
      const next = errand.hedgesLeft-- > 0 ? hedgeCandidate(errand) : null;
      return next === null ? null : startTry(errand, next);
    },
  });
}

/** Two origins get the request, so it has to be harmless twice, whole, no handshake, and of nobody who has a home. */
function mayHedge(errand: Errand): boolean {
  const { exchange, rule, body, claim } = errand;
  if (claim.kind !== "free" || !body.replayable || exchange.fields.upgrade !== null) return false;
  return isHarmless(rule, { method: errand.method, deduplicated: isDeduplicated(exchange) });
}

/** A hedge waits for nobody: it goes to a candidate with room, within the budget, or not at all. Backups are not for this. */
function hedgeCandidate({ exchange, rule, tried }: Errand): Candidate | null {
  const { state, service } = exchange;
  const candidate = nextCandidate(state, exchange, tried, Date.now());
  if (candidate === null || candidate.origin.backup > 0 || !isInBudget(exchange, rule)) return null;
  return enterOrigin(service.pace, service.config.concurrency, candidate.origin) ? candidate : null;
}

function retries(errand: Errand, outcome: Outcome, made: number): boolean {
  if (outcome.kind !== "failure") return false;
  const refusal = refusalOfRetry(errand, outcome.failure, outcome.response?.status ?? null, made);
  return refusal === null;
}

/** Why there could be no further attempt after `made` of them, the last of which failed like this. */
function refusalOfRetry(
  { exchange, rule, method, body }: Errand,
  failure: FailureKind,
  status: number | null,
  made: number,
): RetryRefusal | null {
  return retryRefusal(rule, {
    method,
    failure,
    status,
    made,
    leftMs: leftMs(exchange),
    replayable: body.replayable,
    deduplicated: isDeduplicated(exchange),
  });
}

/** Waits before a retry. False when there would be no time left after it. */
async function backOff({ exchange, rule }: Errand, retry: number): Promise<boolean> {
  const waitMs = backoffMs(rule.backoff, retry, Math.random);
  if (waitMs >= leftMs(exchange)) return false;
  if (waitMs >= 1) await new Promise<void>((resolve) => void setTimeout(resolve, waitMs));
  return true;
}

function isInBudget({ service, view }: Exchange, rule: RetryRule): boolean {
  return takeRetry(service.pace.budget, rule.budget, view.sync.retryRatio(service.name), Date.now());
}

function leftMs({ service, startedMs }: Exchange): number {
  return service.config.timeouts.totalMs - (Date.now() - startedMs);
}

function isDeduplicated({ service, fields }: Exchange): boolean {
  return service.config.retry.originsDeduplicate && fields.idempotencyKey !== null;
}

/** What the client gets when nothing better is to come: the origin's own bad answer if there is one. */
function lastWord(exchange: Exchange, outcome: Outcome): Answer {
  if (outcome.kind === "failure" && outcome.response !== null)
    return { response: streamed(exchange, outcome.response) };
  if (outcome.kind === "failure" && outcome.failure === "timeout") return { failure: { kind: "origin-timeout" } };
  return { failure: { kind: "origin-failed" } };
}

/** The answer, its body watched to its end where a policy goes by open streams. It is that of the attempt noted last. */
function streamed({ service, attempts, context }: Exchange, response: Response): Response {
  return service.countsStreams ? countBody(attempts.at(-1)!.candidate, response, context) : response;
}
