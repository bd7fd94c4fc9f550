/**
 * The part of a hub that is about origins: it adds up what the region's isolates report, forwards to each origin's breaker
 * what it needs, keeps the breakers' word, probes, and makes the readings that isolates get.
 */
import { isWorthKeeping } from "../src/agreement/breaker-word.ts";
import type {
  BreakerChange,
  BreakerForHubs,
  BreakerState,
  HubName,
  OriginId,
  OriginReading,
  Permit,
  Report,
  SettledPermit,
  Witness,
} from "../src/agreement/protocol.ts";
import type { OriginSettings } from "../src/config/origin-settings.ts";
import { planProbes, QUIET_AFTER_MS } from "../src/health/probe-schedule.ts";
import { isNews } from "../src/health/quorum.ts";
import { recordProbe } from "../src/health/thresholds.ts";
import type { ProbeResult } from "../src/health/verdict.ts";
import { hear, newListening, unheardForMs, type Listening } from "../src/resilience/listening.ts";
import {
  measureOf,
  owedToBreaker,
  recentTraffic,
  stillOwed,
  takeLatency,
  takeOriginReport,
} from "../src/resilience/region-evidence.ts";
import type { Choice } from "../src/steering/next-best.ts";
import { unitVector } from "../src/steering/place.ts";
import { HubLoads } from "./hub-loads.ts";
import { newlyKnown, verdictOf, type Known } from "./known-origin.ts";
import { probeAll, type ProbePlatform } from "./prober.ts";

/** A breaker that had no permit to give, or could not be reached, is left alone for so long, ms. */
const NO_PERMIT_MS = 250;
const UNREACHABLE_MS = 1_000;

/** The key-value part of a Durable Object's SQLite storage that is used here. */
export type OriginStore = Pick<SyncKvStorage, "get" | "put" | "delete">;

export interface HubOriginsOptions {
  readonly hub: HubName;
  readonly settings: ReadonlyMap<OriginId, OriginSettings>;
  readonly breakerOf: (origin: OriginId) => BreakerForHubs;
  readonly store: OriginStore;
  /** Whether isolates may be there that had called the hub's instance before this one. */
  readonly hasIsolates: boolean;
  readonly platform: ProbePlatform;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A verdict changed: held calls are to be released with the origin's new reading. */
  readonly changed: (origin: OriginId, reading: OriginReading) => void;
  /** Whether an operator took the origin out. */
  readonly isTakenOut: (origin: OriginId) => boolean;
  /** Requests of a service that came for each that its priority levels let in. */
  readonly offeredRatio: (service: string) => number;
  /** Hubs among which the world's traffic is divided. */
  readonly hubs: () => number;
  /** An origin that had been added at runtime is gone. */
  readonly gone: (origin: OriginId) => void;
  /** Told when a breaker's word could not be stored. */
  readonly notStored: (origin: OriginId, error: unknown) => void;
  /** Told when a breaker could not be reached. */
  readonly failed: (origin: OriginId, error: unknown) => void;
}

const STORED = "origin/";

export class HubOrigins {
  readonly #options: HubOriginsOptions;
  readonly #known = new Map<OriginId, Known>();
  readonly #listening: Listening;
  readonly #loads: HubLoads;
  #lastSyncMs = 0;

  /** Reads back what breakers said before the hub was evicted. */
  constructor(options: HubOriginsOptions) {
    this.#options = options;
    this.#listening = newListening(options.hasIsolates, options.platform.clock());
    for (const [id, settings] of options.settings) this.#known.set(id, this.#newlyKnown(settings));
    this.#loads = new HubLoads({
      hub: options.hub,
      region: options.platform.region,
      settings: options.settings,
      objectOf: options.breakerOf,
      choiceOf: ({ origin }) => this.#choiceOf(this.#known.get(origin.id)!),
      offeredRatio: options.offeredRatio,
      hubs: options.hubs,
      failed: options.failed,
    });
  }

  /**
   * Takes over which origins there are, when some were added or removed at runtime.
   *
   * @returns when the breakers of new ones have been told; nobody needs to wait for it
   */
  async update(settings: ReadonlyMap<OriginId, OriginSettings>): Promise<void> {
    for (const [id] of this.#known) if (!settings.has(id)) this.#forget(id);
    this.#loads.update(settings);
    const introduced: Promise<boolean>[] = [];
    for (const [id, own] of settings) {
      const known = this.#known.get(id);
      if (known !== undefined && known.settings.registeredAtMs === own.registeredAtMs) {
        const isSame = known.settings.origin.capacity === own.origin.capacity && known.settings.pool === own.pool;
        known.settings = own;
        if (!isSame) introduced.push(this.#introduce(known));
        continue;
      }
      if (known !== undefined) this.#forget(id);
      const added = this.#newlyKnown(own);
      this.#known.set(id, added);
      this.#options.changed(id, this.#readingOf(added, this.#options.platform.clock()));
      introduced.push(this.#introduce(added));
    }
    await Promise.all(introduced);
  }

  /** Tells isolates of origins whose time of grace is over. */
  endGrace(): void {
    for (const known of this.#known.values()) if (known.settings.registeredAtMs !== null) this.#tellIfChanged(known);
  }

  /** What isolates should know of every origin now. */
  *readings(nowMs: number): Generator<[OriginId, OriginReading]> {
    for (const [origin, known] of this.#known) yield [origin, this.#readingOf(known, nowMs)];
  }

  /** Notes that isolates are there: what probes wait for. */
  takeSync(nowMs: number): void {
    this.#lastSyncMs = Math.max(this.#lastSyncMs, nowMs);
    hear(this.#listening, nowMs);
  }

  /**
   * Takes a report in and forwards what breakers must know.
   *
   * @returns when everything that was sent has been answered; nobody needs to wait for it
   */
  async takeReport(report: Report, nowMs: number): Promise<void> {
    const sent: Promise<void>[] = report.settled.map((settled) => this.#settle(settled));
    for (const [origin, counts] of Object.entries(report.origins)) {
      const known = this.#known.get(origin);
      if (known === undefined) continue;
      takeOriginReport(known.evidence, report.isolate, counts, windowMsOf(known), nowMs, report.ageMs);
      sent.push(this.#forward(known));
    }
    sent.push(this.#loads.takeReport(report, nowMs));
    await Promise.all(sent);
  }

  /** A breaker's word. @returns the version the hub has now */
  push({ origin, state }: BreakerChange): { version: number } {
    const known = this.#known.get(origin);
    if (known === undefined) return { version: state.version };
    this.#apply(known, state);
    return { version: known.state.version };
  }

  /** What a breaker asks before it calls its origin down worldwide. */
  witness(origin: OriginId): Witness {
    const nowMs = this.#options.platform.clock();
    const known = this.#known.get(origin);
    if (known === undefined) return { successes: 0, failures: 0, verdict: "unknown", unheardForMs: 0 };
    const isStale = nowMs - known.probedMs > QUIET_AFTER_MS;
    return {
      ...recentTraffic(known.evidence, windowMsOf(known), nowMs),
      verdict: isStale ? "unknown" : known.health.verdict,
      unheardForMs: unheardForMs(this.#listening, nowMs),
    };
  }

  /** A trial for one of the region's isolates, if the origin is half-open here and a slot is free worldwide. */
  async takePermit(origin: OriginId): Promise<Permit | null> {
    const known = this.#known.get(origin);
    const nowMs = this.#options.platform.clock();
    if (known === undefined || known.state.breaker !== "half-open" || nowMs < known.nextPermitMs) return null;
    try {
      const permit = await this.#options.breakerOf(origin).takePermit(this.#options.platform.region);
      if (permit === null) known.nextPermitMs = this.#options.platform.clock() + NO_PERMIT_MS;
      return permit;
    } catch (error) {
      known.nextPermitMs = this.#options.platform.clock() + UNREACHABLE_MS;
      this.#options.failed(origin, error);
      return null;
    }
  }

  /**
   * Begins the probes that are due.
   *
   * @returns when to look again, ms since the epoch (null: not before the next sync), and when the probes are done
   */
  startProbes(nowMs: number): { nextMs: number | null; done: Promise<void> } {
    const subjects = [...this.#known].map(([origin, { settings, probedMs, evidence, state, health }]) => ({
      origin,
      monitor: settings.monitor,
      probedMs,
      measuredMs: evidence.measuredMs,
      out: state.breaker !== "closed" || state.verdict === "down" || health.verdict === "down",
    }));
    const { due, nextMs } = planProbes(subjects, this.#lastSyncMs, nowMs, this.#options.random);
    for (const origin of due) this.#known.get(origin)!.probedMs = nowMs;
    const tasks: Promise<void>[] = [];
    const probed = probeAll(
      due.map((origin) => this.#known.get(origin)!.settings),
      this.#options.platform,
      (settings, result) => void tasks.push(this.#takeProbe(this.#known.get(settings.origin.id)!, result)),
    );
    return { nextMs, done: probed.then(() => Promise.all(tasks)).then(() => undefined) };
  }

  async #takeProbe(known: Known, result: ProbeResult): Promise<void> {
    if (result.good) takeLatency(known.evidence, result.durationMs, 1, this.#options.platform.clock());
    known.health = recordProbe(known.health, result, known.settings.monitor);
    this.#tellIfChanged(known);
    const { region } = this.#options.platform;
    const { verdict, reason } = known.health;
    if (!isNews(verdict, known.state.verdict, known.settings.registeredAtMs)) return;
    await this.#ask(known, (breaker) => breaker.reportHealth(region, this.#options.hub, verdict, reason));
  }

  async #forward(known: Known): Promise<void> {
    if (known.forwarding) return;
    known.forwarding = true;
    const { region, clock } = this.#options.platform;
    try {
      while (clock() >= known.nextForwardMs) {
        const isRamping = known.state.admission < 1;
        const counts = owedToBreaker(known.evidence, isRamping, windowMsOf(known), clock());
        if (counts === null) return;
        if (await this.#ask(known, (breaker) => breaker.record(region, this.#options.hub, counts))) continue;
        stillOwed(known.evidence, counts, clock());
        known.nextForwardMs = clock() + UNREACHABLE_MS;
      }
    } finally {
      known.forwarding = false;
    }
  }

  async #settle({ id, origin, outcome }: SettledPermit): Promise<void> {
    const known = this.#known.get(origin);
    // One that gets lost costs nothing but time: its slot is free after the permit's deadline.
    if (known !== undefined) await this.#ask(known, (breaker) => breaker.settle(id, outcome));
  }

  /** Asks the origin's breaker and takes its word. @returns false when it could not be reached */
  async #ask(known: Known, question: (breaker: BreakerForHubs) => Promise<BreakerState>): Promise<boolean> {
    const { id } = known.settings.origin;
    try {
      this.#apply(known, await question(this.#options.breakerOf(id)));
      return true;
    } catch (error) {
      this.#options.failed(id, error);
      return false;
    }
  }

  #newlyKnown(settings: OriginSettings): Known {
    // What the breaker said before the hub was evicted.
    const state = this.#options.store.get<BreakerState>(STORED + settings.origin.id);
    return newlyKnown(settings, state, this.#options.platform.clock());
  }

  #forget(origin: OriginId): void {
    this.#known.delete(origin);
    this.#options.store.delete(STORED + origin);
    this.#options.gone(origin);
  }

  #introduce(known: Known): Promise<boolean> {
    const { service, pool, registeredAtMs, origin } = known.settings;
    if (registeredAtMs === null) return Promise.resolve(true);
    const { region } = this.#options.platform;
    const introduction = { service, pool, registeredAtMs, capacity: origin.capacity ?? null };
    return this.#ask(known, (breaker) => breaker.introduce(region, this.#options.hub, introduction));
  }

  #apply(known: Known, state: BreakerState): void {
    if (state.version <= known.state.version) return;
    if (state.breaker !== known.state.breaker) {
      // What was counted under the former state says nothing about this one; that there is traffic still does.
      known.evidence.owed = null;
      known.nextPermitMs = 0;
    }
    known.state = state;
    this.#tellIfChanged(known);
    this.#keep(known);
  }

  /** What can't be stored holds in memory, and comes again from the breaker after an eviction: at its next change at the latest. */
  #keep(known: Known): void {
    const { origin, registeredAtMs } = known.settings;
    const { id } = origin;
    try {
      if (isWorthKeeping(known.state, registeredAtMs)) this.#options.store.put(STORED + id, known.state);
      else this.#options.store.delete(STORED + id);
    } catch (error) {
      this.#options.notStored(id, error);
    }
  }

  #tellIfChanged(known: Known): void {
    const nowMs = this.#options.platform.clock();
    const { told } = known;
    const now = verdictOf(known, nowMs);
    if (now.breaker === told.breaker && now.admission === told.admission && now.healthy === told.healthy) return;
    known.told = now;
    this.#options.changed(known.settings.origin.id, this.#readingOf(known, nowMs));
  }

  #readingOf(known: Known, nowMs: number): OriginReading {
    const { id } = known.settings.origin;
    return { ...verdictOf(known, nowMs), ...measureOf(known.evidence, nowMs), ...this.#loads.reading(id) };
  }

  #choiceOf(known: Known): Choice {
    const { origin, location } = known.settings;
    const { breaker, healthy } = verdictOf(known, this.#options.platform.clock());
    const isServing = breaker === "closed" && healthy && origin.weight > 0 && !this.#options.isTakenOut(origin.id);
    return { vector: unitVector(location), latency: known.evidence.latency, usable: isServing };
  }
}

function windowMsOf({ settings }: Known): number {
  return settings.breaker.windowSeconds * 1000;
}
