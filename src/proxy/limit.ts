/** Whether a request is within its limits and its level is served now: the step of the request path that counts. */
import type { ViewState } from "../agreement/view-state.ts";
import type { Priority } from "../config/priorities.ts";
import type { ServiceConfig } from "../config/service.ts";
import { retryAfterSeconds, writeRateLimits, type Standing } from "../rate-limit/headers.ts";
import type { KeyFacts } from "../rate-limit/key.ts";
import type { Rule } from "../rate-limit/meter.ts";
import { LevelCounts } from "../rate-limit/level-mix.ts";
import { admitsLevel, higher } from "../rate-limit/priority.ts";
import { shedCounter, type LimitEvent } from "../telemetry/limit-events.ts";
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";
import { claimReader, claimValue, type Claims } from "./limit-claims.ts";
import { UNANSWERED, type Reservation } from "./limit-counter.ts";
import { levelReader } from "./limit-level.ts";
import { pressureGauge } from "./limit-pressure.ts";
import { readyLimit, type ReadyLimit } from "./limit-rule.ts";
import { watchBody } from "./watch-end.ts";
import { relayWebSocket } from "./web-socket-relay.ts";
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

/** One limit that counts the request, what it asks of it, and what it said. */
interface Counted {
  readonly limit: ReadyLimit;
  readonly rule: Rule;
  readonly key: string;
  readonly units: number;
  reservation: Reservation;
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

  function isTurnedAway({ view, state, startedMs }: Exchange, level: Priority): boolean {
    levels.note(level);
    const isShed = !admitsLevel(level, gauge(state, startedMs), Math.random());
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
    const { state, startedMs, context, view } = exchange;
    takeResets(view.agreed);
    const counting = countingOf(limits, exchange);
    const facts = new RequestFacts(exchange, claims);
    const level = sheds ? levelIn(levelOf.read(facts), counting) : null;
    if (level !== null && isTurnedAway(exchange, level)) {
      view.report.count(name, shedCounter(level));
      return turnedAway({ kind: "reduced-capacity", level, retryAfterSeconds: SHED_RETRY_SECONDS });
    }
    if (counting.length === 0) return UNLIMITED;
    const counted = counting.map((limit): Counted => ({
      limit,
      rule: limit.rule(gauge, state, startedMs),
      key: limit.keyOf(facts),
      units: limit.costOf(facts),
      reservation: UNANSWERED,
    }));
    let refused = 0;
    for (const one of counted) if (isRefusedAlready(one)) refused++;
    // Who is known to be over one limit is not counted by the others: an attacker costs no call.
    if (refused > 0) return conclude(name, exchange, counted.filter(isRefusal));
    let waiting: Promise<void>[] | null = null;
    for (const one of counted) {
      const answer = one.limit.counter.reserve(one.key, one.units, one.rule, context);
      if (answer instanceof Promise) (waiting ??= []).push(answer.then((late) => void (one.reservation = late)));
      else one.reservation = answer;
    }
    return waiting === null
      ? conclude(name, exchange, counted)
      : Promise.all(waiting).then(() => conclude(name, exchange, counted));
  }

  return {
    admit(exchange) {
      const claims = readClaims(exchange.headers);
      return claims instanceof Promise
        ? claims.then((claims) => admitKnowing(exchange, claims))
        : admitKnowing(exchange, claims);
    },
  };
}

/** The limits that count a request: usually all of them, and then no list is made. */
function countingOf(limits: readonly ReadyLimit[], { method, host, path }: Exchange): readonly ReadyLimit[] {
  for (const limit of limits)
    if (!limit.counts(method, host, path)) return limits.filter((one) => one.counts(method, host, path));
  return limits;
}

/** Whether this isolate remembers that the key is over its limit. */
function isRefusedAlready(one: Counted): boolean {
  const { limit, key, units } = one;
  const refusal = limit.config.dryRun ? null : limit.counter.refusedAlready(key, units);
  if (refusal !== null) one.reservation = refusal;
  return refusal !== null;
}

function isRefusal({ reservation }: Counted): boolean {
  return reservation.verdict === "refused";
}

function isKnown({ reservation }: Counted): boolean {
  return !Number.isNaN(reservation.remaining);
}

/** All reserved: in. One refused: what the others reserved comes back. */
function conclude(service: string, exchange: Exchange, counted: readonly Counted[]): Admission {
  const refusal = refusalOf(counted);
  for (const one of counted) {
    exchange.view.report.count(service, one.limit.counters[eventOf(one)]);
    if (refusal !== null) one.reservation.undo?.(exchange.context);
  }
  return new Judged(refusal, counted, exchange);
}

/** The admission of a request that limits have counted. */
class Judged implements Admission {
  readonly refusal: Failure | null;
  readonly #counted: readonly Counted[];
  readonly #exchange: Exchange;

  constructor(refusal: Failure | null, counted: readonly Counted[], exchange: Exchange) {
    this.refusal = refusal;
    this.#counted = counted;
    this.#exchange = exchange;
  }

  dress(response: Response): Response {
    const counted = this.#counted;
    if (response.webSocket !== null) return endWith(response, counted, this.#exchange);
    const known = counted.every(isKnown) ? counted : counted.filter(isKnown);
    const standing = this.refusal === null ? standingOf : standingGivenBack;
    if (known.length > 0) writeRateLimits(known.map(standing), response.headers);
    return this.refusal === null ? endWith(response, counted, this.#exchange) : response;
  }
}

function refusalOf(counted: readonly Counted[]): Failure | null {
  if (counted.every(({ reservation }) => reservation.verdict === "admitted")) return null;
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

function standingOf({ limit, rule, reservation: { remaining, resetMs } }: Counted): Standing {
  const { name, legacyHeaders } = limit.config;
  const concurrent = rule.algorithm === "concurrency";
  return { name, limit: rule.limit, concurrent, policy: limit.policyOf(rule), remaining, resetMs, legacyHeaders };
}

/** The same of a request that another limit turned away: what was reserved for it has come back. */
function standingGivenBack(one: Counted): Standing {
  const standing = standingOf(one);
  return one.reservation.undo === null ? standing : { ...standing, remaining: standing.remaining + one.units };
}

/** The level of a request: by the service's rules, else the most urgent of the limits that count it. */
function levelIn(ruled: Priority | null, counting: readonly ReadyLimit[]): Priority {
  const levels = counting.flatMap(({ config }) => (config.priority === undefined ? [] : [config.priority]));
  return ruled ?? (levels.length > 0 ? levels.reduce(higher) : "normal");
}

function turnedAway(refusal: Failure): Admission {
  return { refusal, dress: (response) => response };
}

/** What keys and levels are read from, each part when it is asked for. */
class RequestFacts implements KeyFacts {
  readonly path: string;
  readonly target: string;
  readonly method: string;
  readonly clientAddress: string | null;
  readonly #exchange: Exchange;
  readonly #claims: Claims;

  constructor(exchange: Exchange, claims: Claims) {
    this.path = exchange.path;
    this.target = exchange.target;
    this.method = exchange.method;
    this.clientAddress = exchange.fields.clientAddress;
    this.#exchange = exchange;
    this.#claims = claims;
  }

  get country(): string | null {
    const { cf } = this.#exchange.request as { cf?: { country?: unknown } };
    return typeof cf?.country === "string" ? cf.country : null;
  }

  get asn(): number | null {
    const { cf } = this.#exchange.request as { cf?: { asn?: unknown } };
    return typeof cf?.asn === "number" ? cf.asn : null;
  }

  header(name: string): string | null {
    return this.#exchange.headers.get(name);
  }

  claim(name: string): string | null {
    return claimValue(this.#claims, name);
  }
}

/** Places of `concurrency` come free when the body has gone out, or broke off, or the WebSocket has closed. Only then is one watched. */
function endWith(response: Response, counted: readonly Counted[], { context }: Exchange): Response {
  if (counted.every(({ reservation }) => reservation.end === null)) return response;
  const end = () => counted.forEach(({ reservation }) => reservation.end?.(context));
  return response.webSocket === null ? watchBody(response, context, end) : relayWebSocket(response, end);
}
