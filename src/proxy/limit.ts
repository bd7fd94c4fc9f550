/** Whether a request is within its limits and its level is served now: the step of the request path that counts. */
import type { ViewState } from "../agreement/view-state.ts";
import type { Priority } from "../config/priorities.ts";
import type { ServiceConfig } from "../config/service.ts";
import { rateLimitHeaders, retryAfterSeconds, type Standing } from "../rate-limit/headers.ts";
import type { KeyFacts } from "../rate-limit/key.ts";
import type { Rule } from "../rate-limit/meter.ts";
import { LevelCounts } from "../rate-limit/level-mix.ts";
import { admitsLevel, higher } from "../rate-limit/priority.ts";
import { shedCounter, type LimitEvent } from "../telemetry/limit-events.ts";
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";
import { claimReader, claimValue, type Claims } from "./limit-claims.ts";
import type { Reservation } from "./limit-counter.ts";
import { levelReader } from "./limit-level.ts";
import { pressureGauge, type Signals } from "./limit-pressure.ts";
import { readyLimit, type ReadyLimit } from "./limit-rule.ts";
import { watchBody } from "./watch-end.ts";
import { secretOf, type Bindings } from "../config/secret.ts";

/** Seconds after which a level that was turned away may find room. */
const SHED_RETRY_SECONDS = 5;

/** What the limits of a service say to one request. */
export interface Admission {
  /** Why it is turned away; null when it is not. */
  readonly refusal: Failure | null;
  /** Adds what clients are told to an answer, and gives places back when its body ends. */
  dress(response: Response): Response;
}

export interface Limits {
  admit(exchange: Exchange): Admission | Promise<Admission>;
}

const UNLIMITED: Admission = { refusal: null, dress: (response) => response };

/** For services without limits: nothing is asked, counted or allocated. */
const NO_LIMITS: Limits = { admit: () => UNLIMITED };

/** One limit that counts the request, and what it said. */
interface Counted {
  readonly limit: ReadyLimit;
  readonly rule: Rule;
  readonly reservation: Reservation;
}

/**
 * Prepares the limits of a service.
 *
 * @throws Error when a secret or binding that they name is missing
 */
export function openLimits(name: string, config: ServiceConfig, bindings: Bindings): Limits {
  const { rateLimits, priorities, auth } = config;
  const sheds = priorities !== undefined || rateLimits.some((limit) => limit.priority !== undefined);
  if (rateLimits.length === 0 && !sheds) return NO_LIMITS;

  const limits = rateLimits.map((limit) => readyLimit(name, limit, bindings));
  const levelOf = levelReader(priorities);
  const wantsClaims = levelOf.wantsClaims || limits.some((limit) => limit.wantsClaims);
  const secret = auth?.jwt.secret === undefined ? null : secretOf(auth.jwt.secret, bindings);
  const readClaims = auth === undefined || !wantsClaims ? () => null : claimReader(auth.jwt, secret);
  const levels = new LevelCounts();
  const gauge = pressureGauge(levels);

  function isTurnedAway({ view }: Exchange, level: Priority, signals: () => Signals): boolean {
    levels.note(level);
    const isShed = !admitsLevel(level, signals(), Math.random());
    view.report.judged(name, isShed);
    return isShed;
  }

  let resetsTo = 0;
  /** Versions of overrides are the world's, so one number will do. */
  function takeResets({ logged: { overrides } }: ViewState): void {
    if (overrides.version <= resetsTo) return;
    for (const { version, value } of overrides.entries.values()) {
      if (version <= resetsTo || value?.kind !== "limit-reset" || value.service !== name) continue;
      for (const { counter } of limits) counter.forgive(value.limiter);
    }
    resetsTo = overrides.version;
  }

  function admitKnowing(exchange: Exchange, claims: Claims): Admission | Promise<Admission> {
    const { request, host, path, state, startedMs, context } = exchange;
    takeResets(exchange.view.agreed);
    const counting = limits.filter((limit) => limit.counts(request.method, host, path));
    const facts = factsOf(exchange, claims);
    const signals = () => gauge(state, startedMs);
    const level = sheds ? levelIn(levelOf.read(facts), counting) : null;
    if (level !== null && isTurnedAway(exchange, level, signals)) {
      exchange.view.report.count(name, shedCounter(level));
      return turnedAway({ kind: "reduced-capacity", level, retryAfterSeconds: SHED_RETRY_SECONDS });
    }
    if (counting.length === 0) return UNLIMITED;
    const questions = counting.map((limit) => ({
      limit,
      rule: limit.rule(signals, startedMs),
      key: limit.keyOf(facts),
      units: limit.costOf(facts.header),
    }));
    // Who is known to be over one limit is not counted by the others: an attacker costs no call.
    const known = questions.flatMap((question) => refusedAlready(question));
    if (known.length > 0) return conclude(name, exchange, known);
    const answers = questions.map(({ limit, rule, key, units }) => limit.counter.reserve(key, units, rule, context));
    const counted = (reservations: readonly Reservation[]) =>
      conclude(
        name,
        exchange,
        questions.map((question, i) => ({ ...question, reservation: reservations[i]! })),
      );
    return answers.some((answer) => answer instanceof Promise)
      ? Promise.all(answers.map((answer) => Promise.resolve(answer))).then(counted)
      : counted(answers as Reservation[]);
  }

  return {
    admit(exchange) {
      const claims = readClaims(exchange.request.headers);
      return claims instanceof Promise
        ? claims.then((claims) => admitKnowing(exchange, claims))
        : admitKnowing(exchange, claims);
    },
  };
}

function refusedAlready(question: Omit<Counted, "reservation"> & { key: string; units: number }): Counted[] {
  const { limit, key, units } = question;
  const reservation = limit.config.dryRun ? null : limit.counter.refusedAlready(key, units);
  return reservation === null ? [] : [{ ...question, reservation }];
}

/** All reserved: in. One refused: what the others reserved comes back. */
function conclude(service: string, exchange: Exchange, counted: readonly Counted[]): Admission {
  const refusal = refusalOf(counted);
  for (const one of counted) {
    exchange.view.report.count(service, one.limit.counters[eventOf(one)]);
    if (refusal !== null) one.reservation.undo?.(exchange.context);
  }
  return {
    refusal,
    dress(response) {
      if (response.webSocket !== null) return endWith(response, counted, exchange);
      const standings = counted.filter(({ reservation }) => !Number.isNaN(reservation.remaining)).map(standingOf);
      if (standings.length > 0)
        for (const [field, value] of rateLimitHeaders(standings)) response.headers.set(field, value);
      return refusal === null ? endWith(response, counted, exchange) : response;
    },
  };
}

function refusalOf(counted: readonly Counted[]): Failure | null {
  const binding = counted.filter(({ limit }) => !limit.config.dryRun);
  const refused = binding.filter(({ reservation }) => reservation.verdict === "refused");
  if (refused.length > 0) {
    const retryMs = Math.max(...refused.map(({ reservation }) => reservation.retryMs));
    const limits = refused.map(({ limit }) => limit.config.name);
    return { kind: "quota-exceeded", limits, retryAfterSeconds: retryAfterSeconds(retryMs) };
  }
  const denied = binding.filter((one) => eventOf(one) === "unanswered-denied");
  if (denied.length === 0) return null;
  return { kind: "limiter-unanswered", limits: denied.map(({ limit }) => limit.config.name), retryAfterSeconds: 1 };
}

function eventOf({ limit: { config }, reservation: { verdict } }: Counted): LimitEvent {
  if (verdict === "admitted") return "admitted";
  if (verdict === "unanswered")
    return config.onError === "deny" && !config.dryRun ? "unanswered-denied" : "unanswered-allowed";
  return config.dryRun ? "dry-run-refused" : "refused";
}

function standingOf({ limit: { config }, rule, reservation: { remaining, resetMs } }: Counted): Standing {
  const { name, legacyHeaders } = config;
  const concurrent = rule.algorithm === "concurrency";
  return { name, limit: rule.limit, windowMs: rule.windowMs, concurrent, remaining, resetMs, legacyHeaders };
}

/** The level of a request: by the service's rules, else the most urgent of the limits that count it. */
function levelIn(ruled: Priority | null, counting: readonly ReadyLimit[]): Priority {
  const levels = counting.flatMap(({ config }) => (config.priority === undefined ? [] : [config.priority]));
  return ruled ?? (levels.length > 0 ? levels.reduce(higher) : "normal");
}

function turnedAway(refusal: Failure): Admission {
  return { refusal, dress: (response) => response };
}

function factsOf(exchange: Exchange, claims: Claims): KeyFacts {
  const { request, path, target, fields } = exchange;
  const { cf } = request as { cf?: { country?: unknown; asn?: unknown } };
  return {
    header: (name) => request.headers.get(name),
    path,
    target,
    method: request.method,
    country: typeof cf?.country === "string" ? cf.country : null,
    asn: typeof cf?.asn === "number" ? cf.asn : null,
    clientAddress: fields.clientAddress,
    claim: (name) => claimValue(claims, name),
  };
}

/** Places of `concurrency` come free when the body has gone out, or broke off. Only then is a body watched. */
function endWith(response: Response, counted: readonly Counted[], { context }: Exchange): Response {
  const ends = counted.flatMap(({ reservation }) => reservation.end ?? []);
  return ends.length === 0 ? response : watchBody(response, context, () => ends.forEach((end) => end(context)));
}
