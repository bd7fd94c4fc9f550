/** What this isolate has seen since its last report, added up attempt by attempt. */
import { countLatency, noLatencies } from "../agreement/latency-counts.ts";
import { JUDGED, SHED } from "../agreement/region-traffic.ts";
import type {
  AnswerReport,
  LatencyReport,
  OriginId,
  OriginReport,
  Report,
  ServiceName,
  ServiceReport,
  SettledPermit,
} from "../agreement/protocol.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

type OriginTally = Omit<Mutable<OriginReport>, "latency" | "inFlight"> & { readonly latency: Mutable<LatencyReport> };

type ServiceTally = Omit<Mutable<ServiceReport>, "counters" | "answers"> & {
  readonly counters: Record<string, number>;
  readonly answers: Map<string, Mutable<AnswerReport>>;
};

/** A request that has been answered. */
export interface Answered {
  /** An error of ours, or an origin's 5xx. */
  readonly isError: boolean;
  readonly attempts: number;
  /** Whose answer it was: an origin's id, `(cache)` or `(none)`. */
  readonly instance: string;
  /** The policy over pools. */
  readonly algorithm: string;
  /** Time to the response head, ms. */
  readonly durationMs: number;
}

/** Reports kept to be sent again; older ones say nothing about now. */
const KEPT_REPORTS = 4;

const NO_FAILURES = {
  failures: 0,
  connectionFailures: 0,
  timeouts: 0,
  failureRun: 0,
  longestFailureRun: 0,
} as const satisfies Partial<OriginReport>;

/** How an attempt ended, as far as a report tells. */
export type Seen = "success" | "connection" | "timeout" | "other failure";

export class ReportBook {
  readonly #isolate: string;
  /** What waits for a response head or, where that is counted, is still open. */
  readonly #inFlightOf: (origin: OriginId) => number;
  #sequence = 0;
  #sinceMs: number;
  #origins = new Map<OriginId, OriginTally>();
  #services = new Map<ServiceName, ServiceTally>();
  #settled: SettledPermit[] = [];
  /** What was in flight or open when last reported, at origins where something was. */
  #told: ReadonlyMap<OriginId, number> = new Map();
  /** Runs of failures go on from one report to the next. */
  readonly #runs = new Map<OriginId, number>();
  /** Reports with a lower sequence tell nothing of an origin's failures when they are sent again. */
  readonly #forgotten = new Map<OriginId, number>();
  /** Sent, not known to have arrived; and when they were made, ms since the epoch. */
  readonly #outstanding = new Map<Report, number>();
  /** To be sent again, under the same sequence: one that did arrive counts once. */
  #again: { readonly report: Report; readonly madeMs: number }[] = [];

  constructor(isolate: string, inFlightOf: (origin: OriginId) => number, nowMs: number) {
    this.#isolate = isolate;
    this.#inFlightOf = inFlightOf;
    this.#sinceMs = nowMs;
  }

  /**
   * Notes how an attempt ended. One that was ignored is not noted.
   *
   * @param durationMs time to the response head, ms
   * @param isSlow     whether the breaker calls that slow
   */
  attempt(origin: OriginId, seen: Seen, durationMs: number, isSlow: boolean): void {
    const tally = this.#origin(origin);
    if (seen === "success") {
      tally.successes++;
      if (isSlow) tally.slow++;
      tally.latency.samples++;
      tally.latency.sumMs += durationMs;
      if (durationMs > tally.latency.maxMs) tally.latency.maxMs = durationMs;
      if (tally.failureRun > 0) this.#runs.delete(origin);
      tally.failureRun = 0;
      return;
    }
    tally.failures++;
    if (seen === "connection") tally.connectionFailures++;
    if (seen === "timeout") tally.timeouts++;
    tally.failureRun++;
    this.#runs.set(origin, tally.failureRun);
    if (tally.failureRun > tally.longestFailureRun) tally.longestFailureRun = tally.failureRun;
  }

  /** The origin's breaker changed its phase: failures seen before are no evidence any more. That there is traffic is. */
  forgetFailures(origin: OriginId): void {
    this.#runs.delete(origin);
    const tally = this.#origins.get(origin);
    if (tally !== undefined) Object.assign(tally, NO_FAILURES);
    this.#forgotten.set(origin, this.#sequence);
  }

  /**
   * Notes an attempt begun, at an origin that has a capacity.
   *
   * @param share of its requests the origin kept when this one was given to it, in (0, 1]
   */
  sent(origin: OriginId, share: number): void {
    const tally = this.#origin(origin);
    tally.sent++;
    tally.wanted += 1 / share;
  }

  /** Notes an attempt made while nothing was available and everything was used. */
  panic(origin: OriginId): void {
    this.#origin(origin).panics++;
  }

  /** Notes an answered request. */
  request(service: ServiceName, { isError, attempts, instance, algorithm, durationMs }: Answered): void {
    const tally = this.#service(service);
    tally.requests++;
    if (isError) tally.errors++;
    tally.attempts += attempts;
    tally.retries += Math.max(0, attempts - 1);
    tally.algorithm = algorithm;
    let answers = tally.answers.get(instance);
    if (answers === undefined) tally.answers.set(instance, (answers = { success: null, failure: null }));
    countLatency(isError ? (answers.failure ??= noLatencies()) : (answers.success ??= noLatencies()), durationMs);
  }

  /** Notes that a request's priority level was looked at. */
  judged(service: ServiceName, isShed: boolean): void {
    this.count(service, JUDGED);
    if (isShed) this.count(service, SHED);
  }

  /** Adds to a named counter of a service. */
  count(service: ServiceName, counter: string, by = 1): void {
    const { counters } = this.#service(service);
    counters[counter] = (counters[counter] ?? 0) + by;
  }

  /** Notes how a trial ended. */
  settle(permit: SettledPermit): void {
    this.#settled.push(permit);
  }

  /** The next report to send, or null when nothing happened. Say afterwards whether it `arrived` or is `lost`. */
  take(nowMs: number): Report | null {
    const again = this.#again.shift();
    if (again !== undefined) {
      const late = this.#toldLate(again.report, Math.max(0, nowMs - again.madeMs));
      this.#outstanding.set(late, again.madeMs);
      return late;
    }
    const report = this.#makeReport(nowMs);
    if (report !== null) this.#outstanding.set(report, nowMs);
    return report;
  }

  /** The report was answered. */
  arrived(report: Report | null): void {
    if (report !== null) this.#outstanding.delete(report);
  }

  /** The report was not answered, or nobody will ever say: it is given again. Without one: all that were sent. */
  lost(report?: Report | null): void {
    for (const sent of report === undefined ? [...this.#outstanding.keys()] : [report]) {
      const madeMs = sent === null ? undefined : this.#outstanding.get(sent);
      if (sent === null || madeMs === undefined) continue;
      this.#outstanding.delete(sent);
      this.#again.push({ report: sent, madeMs });
    }
    this.#again = this.#again.slice(-KEPT_REPORTS);
  }

  /** Failures of before the origin's breaker changed its phase are no evidence any more. */
  #toldLate(report: Report, ageMs: number): Report {
    const origins = Object.entries(report.origins).map(([id, seen]) => {
      const isForgotten = report.sequence < (this.#forgotten.get(id) ?? 0);
      return [id, isForgotten ? { ...seen, ...NO_FAILURES } : seen] as const;
    });
    return { ...report, ageMs, origins: Object.fromEntries(origins) };
  }

  /** What the last report said was in flight or open at an origin: this isolate's part of what its hub adds up. */
  toldInFlight(origin: OriginId): number {
    return this.#told.get(origin) ?? 0;
  }

  /** Whether there is something that no report that is on its way has. */
  get hasNews(): boolean {
    return this.#again.length > 0 || this.#origins.size > 0 || this.#services.size > 0 || this.#settled.length > 0;
  }

  #makeReport(nowMs: number): Report | null {
    if (!this.hasNews) return null;
    // What is still open there is told again, or it would be forgotten for want of news; and so is that it has ended.
    for (const id of this.#told.keys()) this.#origin(id);
    const open = [...this.#origins.keys()].map((id) => [id, this.#inFlightOf(id)] as const);
    this.#told = new Map(open.filter(([, inFlight]) => inFlight > 0));
    const report: Report = {
      isolate: this.#isolate,
      sequence: this.#sequence++,
      spanMs: Math.max(0, nowMs - this.#sinceMs),
      ageMs: 0,
      origins: Object.fromEntries(
        [...this.#origins].map(([id, tally]) => [id, { ...tally, inFlight: this.toldInFlight(id) }]),
      ),
      services: Object.fromEntries(
        [...this.#services].map(([name, tally]) => [name, { ...tally, answers: Object.fromEntries(tally.answers) }]),
      ),
      settled: this.#settled,
    };
    this.#sinceMs = nowMs;
    this.#origins = new Map();
    this.#services = new Map();
    this.#settled = [];
    return report;
  }

  #origin(id: OriginId): OriginTally {
    let tally = this.#origins.get(id);
    if (tally === undefined) {
      const failureRun = this.#runs.get(id) ?? 0;
      tally = {
        ...NO_FAILURES,
        successes: 0,
        slow: 0,
        failureRun,
        longestFailureRun: failureRun,
        panics: 0,
        sent: 0,
        wanted: 0,
        latency: { samples: 0, sumMs: 0, maxMs: 0 },
      };
      this.#origins.set(id, tally);
    }
    return tally;
  }

  #service(name: ServiceName): ServiceTally {
    let tally = this.#services.get(name);
    if (tally === undefined) {
      tally = { requests: 0, errors: 0, attempts: 0, retries: 0, counters: {}, answers: new Map() };
      this.#services.set(name, tally);
    }
    return tally;
  }
}
