/**
 * Keeps a view in agreement with its region's hub: one held call at a time, carried by whichever request came along.
 *
 * The call runs under the `waitUntil` of the request that began it. That request may be cancelled, or its time may run
 * out, without a word: the loop then stops where it stands. So nothing rests on it going on: it leaves a beat, and the
 * first request that finds the beat too old begins another loop, to which a late return of the old one means nothing.
 */
import { holdsLease, timeIsUp, type SentCall } from "../agreement/lease.ts";
import type { HubForIsolates, HubName, SyncAnswer, ViewDelta } from "../agreement/protocol.ts";
import { hubFor } from "../agreement/sharding.ts";
import { FIRST_SYNC_MS, HOLD_MS, LEASE_MS, URGENT_MS } from "../agreement/timing.ts";
import { abandonSync, beginSync, takeAnswer, type ViewState } from "../agreement/view-state.ts";
import type { SyncCounters } from "../telemetry/sync-counters.ts";
import { within } from "../within.ts";
import type { ReportBook } from "./report.ts";

/** A hub answers within its hold and a trip; after that it is not waited for, ms. */
const GIVE_UP_MS = HOLD_MS + 1_500;

/** A loop that has not shown itself for so long has died with its request, ms. */
const DEAD_MS = GIVE_UP_MS + 500;

/** A loop hands over after so long: `waitUntil` ends 30 s after the response, and a last call and its lease still have to end. */
const HAND_OVER_MS = 20_000;

/** Pauses after failures: doubled each time, with jitter, so that isolates do not come back together. */
const PAUSE_MS = 200;
const PAUSE_CAP_MS = 10_000;

/** An overloaded hub is left alone for longer from the start. */
const OVERLOADED_PAUSE_MS = 2_000;

/** A hub without the ControlPlane grants no leases; asking it again at once would not help. */
const NO_LEASE_PAUSE_MS = 500;

/** The part of a request's context that is needed. */
export interface Carrier {
  waitUntil(promise: Promise<unknown>): void;
}

export interface SyncOptions {
  readonly state: ViewState;
  readonly report: ReportBook;
  readonly hubNamed: (name: HubName) => HubForIsolates;
  /** Takes what is new into what requests are decided by. */
  readonly apply: (delta: ViewDelta, nowMs: number) => void;
  /** What every request has to look at, for example whether an override's time has passed. */
  readonly everyRequest: (nowMs: number) => void;
  readonly counters: SyncCounters;
  /** ms since the epoch. */
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

type End = "new" | "nothing new" | "pause";

export class RegionSync {
  readonly #options: SyncOptions;
  /** The loop that runs, known by identity. */
  #loop: object | null = null;
  #beatMs = 0;
  #hasTraffic = false;
  #failures = 0;
  #pausedAtMs = -Infinity;
  #pauseMs = 0;
  #shards = 1;
  #urgentMs = URGENT_MS;
  #urgentAtMs = -Infinity;
  #syncedAtMs = 0;
  #retryRatio: Readonly<Record<string, number>> = {};
  #firstWaitEndsMs: number | null = null;
  readonly #waiters = new Set<() => void>();

  constructor(options: SyncOptions) {
    this.#options = options;
  }

  /** When the view was last brought up to date, ms since the epoch; 0: never, it is the bundled configuration. */
  get syncedAtMs(): number {
    return this.#syncedAtMs;
  }

  /** Retries per request of a service in the whole region, as last heard; 0 where unknown. */
  retryRatio(service: string): number {
    return this.#retryRatio[service] ?? 0;
  }

  /** Whether promises about purges and overrides cover a decision made now. */
  holdsLease(): boolean {
    return holdsLease(this.#options.state.lease, this.#options.clock());
  }

  /** Called by every request: costs a comparison while the loop runs. */
  keep(carrier: Carrier): void {
    this.#hasTraffic = true;
    const nowMs = this.#options.clock();
    this.#options.everyRequest(nowMs);
    if (this.#isRunning(nowMs) || this.#isPaused(nowMs)) return;
    const loop = {};
    if (this.#loop !== null) {
      this.#options.counters.deadLoops++;
      this.#options.report.lost();
    }
    this.#loop = loop;
    this.#beatMs = nowMs;
    carrier.waitUntil(this.#run(loop, nowMs));
  }

  /**
   * What a cold isolate waits for: its first sync, once, `FIRST_SYNC_MS` at most. Afterwards this costs nothing.
   *
   * @returns null when there is nothing to wait for
   */
  firstSync(): Promise<void> | null {
    if (this.#syncedAtMs > 0) return null;
    const nowMs = this.#options.clock();
    this.#firstWaitEndsMs ??= nowMs + FIRST_SYNC_MS;
    const leftMs = this.#firstWaitEndsMs - nowMs;
    return leftMs <= 0 || leftMs > FIRST_SYNC_MS ? null : this.#nextAnswer(leftMs);
  }

  /** Whether a lease is held, after waiting for one if a sync is under way. For what must not be decided without. */
  async leased(carrier: Carrier): Promise<boolean> {
    if (this.holdsLease()) return true;
    this.keep(carrier);
    if (this.#isPaused(this.#options.clock())) return false;
    await this.#nextAnswer(FIRST_SYNC_MS);
    return this.holdsLease();
  }

  /** Called after a failed attempt: the hub is told at once, at most once in `urgentMs`. What came too soon is told then. */
  urgent(carrier: Carrier): void {
    const nowMs = this.#options.clock();
    const leftMs = this.#urgentAtMs - nowMs;
    if (leftMs > 0 && leftMs <= this.#urgentMs) return;
    const sinceMs = -leftMs;
    const waitMs = sinceMs >= 0 && sinceMs < this.#urgentMs ? this.#urgentMs - sinceMs : 0;
    this.#urgentAtMs = nowMs + waitMs;
    carrier.waitUntil(this.#sendReport(waitMs));
  }

  #isRunning(nowMs: number): boolean {
    const silentMs = nowMs - this.#beatMs;
    return this.#loop !== null && silentMs >= 0 && silentMs < DEAD_MS;
  }

  #isPaused(nowMs: number): boolean {
    const pausedMs = nowMs - this.#pausedAtMs;
    return pausedMs >= 0 && pausedMs < this.#pauseMs;
  }

  async #run(loop: object, startedMs: number): Promise<void> {
    const { clock } = this.#options;
    let call: SentCall | null = null;
    for (;;) {
      const nowMs = clock();
      const isFirst = call === null;
      const isTired = nowMs < startedMs || nowMs - startedMs > HAND_OVER_MS;
      if (!isFirst && isTired) break;
      const end = await this.#once(loop, (sent) => (call = sent));
      if (this.#loop !== loop) return;
      if (end === "pause") break;
      // What was new is acknowledged, traffic or not: somebody waits to hear that it has arrived.
      // What the last requests taught is told, although nobody came after them.
      if (end === "nothing new" && !this.#hasTraffic && !this.#options.report.hasNews) break;
    }
    this.#loop = null;
    await this.#leaseEnd(call);
  }

  async #once(loop: object, began: (call: SentCall) => void): Promise<End> {
    const { state, report, counters, clock } = this.#options;
    const nowMs = clock();
    this.#beatMs = nowMs;
    this.#hasTraffic = false;
    const sentReport = report.take(nowMs);
    const request = beginSync(state, sentReport, nowMs);
    const call = state.call!;
    began(call);
    setTimeout(() => timeIsUp(state.lease, call), LEASE_MS);
    counters.syncs++;
    let answer: SyncAnswer;
    try {
      answer = await within(GIVE_UP_MS, this.hub().sync(request));
    } catch (error) {
      report.lost(sentReport);
      if (this.#loop === loop) this.#failed(error);
      return "pause";
    }
    const answeredMs = clock();
    const isMine = state.call === call;
    const delta = takeAnswer(state, call, answer, answeredMs);
    report.arrived(sentReport);
    if (!isMine) return "pause";
    if (delta !== null) this.#options.apply(delta, answeredMs);
    this.#failures = 0;
    this.#syncedAtMs = answeredMs;
    this.#shards = answer.shards;
    this.#retryRatio = answer.traffic.retryRatio;
    this.#urgentMs = answer.urgentMs;
    this.#wake();
    // Also what this isolate had already: the hub does not know that, and somebody waits for it.
    if (answer.leaseMs > 0) return answer.delta === null ? "nothing new" : "new";
    counters.answersWithoutLease++;
    this.#pause(NO_LEASE_PAUSE_MS, answeredMs);
    return "pause";
  }

  /** The hub this isolate belongs to, or the shard of it. */
  hub(): HubForIsolates {
    const { state, hubNamed } = this.#options;
    return hubNamed(hubFor(state.region, state.isolate, this.#shards));
  }

  /** The last view stays; the hub is left alone for a while. */
  #failed(error: unknown): void {
    const { state, counters, clock } = this.#options;
    abandonSync(state);
    counters.failures++;
    const isOverloaded =
      typeof error === "object" && error !== null && "overloaded" in error && error.overloaded === true;
    if (isOverloaded) counters.overloaded++;
    const baseMs = (isOverloaded ? OVERLOADED_PAUSE_MS : PAUSE_MS) * 2 ** this.#failures;
    this.#failures++;
    this.#pause(Math.min(PAUSE_CAP_MS, baseMs), clock());
    this.#wake();
  }

  #pause(ms: number, nowMs: number): void {
    this.#pausedAtMs = nowMs;
    this.#pauseMs = ms * (0.5 + this.#options.random());
  }

  async #sendReport(waitMs: number): Promise<void> {
    const { report, counters, clock } = this.#options;
    if (waitMs > 0) await sleep(waitMs);
    const sent = report.take(clock());
    if (sent === null) return;
    counters.urgentReports++;
    try {
      await within(GIVE_UP_MS, this.hub().report(sent));
      report.arrived(sent);
    } catch {
      counters.failures++;
      report.lost(sent);
    }
  }

  /** Stays until the lease of the last call is over: a timer ends with the request that set it. */
  async #leaseEnd(call: SentCall | null): Promise<void> {
    const { state, clock } = this.#options;
    if (call === null || state.lease.grantedBy !== call) return;
    await sleep(Math.min(LEASE_MS, Math.max(0, call.sentMs + LEASE_MS - clock())) + 1);
  }

  /** Until the next answer or failure. Each waiter waits for a promise of its own: others' belong to other requests. */
  #nextAnswer(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiters.add(done);
    });
  }

  #wake(): void {
    for (const done of this.#waiters) done();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
