/**
 * One region's hub (or one shard of it): holds its isolates' syncs, brings them what changes, and knows who has what.
 *
 * A shell around src/agreement: it owns the held calls, the timers and one stored row. Everything else is in memory and
 * comes back from the ControlPlane and the isolates after an eviction.
 */
import { DurableObject } from "cloudflare:workers";
import config from "../fairlead.config.ts";
import {
  answerSync,
  hubConfirmation,
  isBehind,
  isTakenOut,
  lacksLogged,
  mayGrant,
  startHub,
  takeChange,
  takeSync,
  type HubState,
} from "../src/agreement/hub-state.ts";
import { dropExpired, longestSilenceMs } from "../src/agreement/holders.ts";
import {
  type Change,
  type ConfirmAnswer,
  type ContactAnswer,
  type HubForIsolates,
  type HubForObjects,
  type LoggedSection,
  type OriginId,
  type Permit,
  type PushAnswer,
  type Report,
  type SyncAnswer,
  type SyncRequest,
  type Versions,
  type Witness,
} from "../src/agreement/protocol.ts";
import type { Performance } from "../src/agreement/roll-ups.ts";
import { paceFor, regionOf } from "../src/agreement/sharding.ts";
import { FIRST_CONTACT_MS, LEASE_MS, LEASES_END_STEP_MS, LEAVE_AFTER_MS } from "../src/agreement/timing.ts";
import { loggedVersions } from "../src/agreement/view-state.ts";
import { originSettings, type OriginSettings } from "../src/config/origin-settings.ts";
import type { FailoverLog } from "../src/steering/serving.ts";
import { logError } from "../src/telemetry/log.ts";
import { CONTROL_PLANE_NAME, type Bindings } from "./bindings.ts";
import { CountedAlarm, countedStore } from "./counted-storage.ts";
import { HeldSyncs } from "./held-syncs.ts";
import { HubFailovers } from "./hub-failovers.ts";
import { HubContact } from "./hub-contact.ts";
import { HubOverlay } from "./hub-overlay.ts";
import { HubOrigins } from "./hub-origins.ts";
import { HubReadings } from "./hub-readings.ts";
import { noHubCalls, type HubDescription, type HubForApi, type HubStatistics } from "./hub-description.ts";
import { HubTraffic } from "./hub-traffic.ts";
import { TickClock } from "./tick-clock.ts";
import { Watchers } from "./watchers.ts";

const SETTINGS = originSettings(config);

/** Traffic is given this long to measure an origin before a hub that has just started probes it, ms. */
const FIRST_PROBES_MS = 3_000;

const LEASES_END_BY = "leasesEndByMs";

export class RegionHub extends DurableObject<Bindings> implements HubForIsolates, HubForObjects, HubForApi {
  #state: HubState;
  readonly #readings: HubReadings;
  readonly #traffic = new HubTraffic(Date.now);
  readonly #origins: HubOrigins;
  readonly #failovers: HubFailovers;
  readonly #overlay = new HubOverlay(config, (settings) => this.#originsChanged(settings));
  readonly #clock = new TickClock(() => this.#tick());
  readonly #held = new HeldSyncs((have) => this.#lacks(have));
  /** Confirmations that wait for something to happen. */
  readonly #watchers = new Watchers();
  readonly #counters = noHubCalls();
  readonly #contact = new HubContact({
    controlPlane: () => this.env.CONTROL_PLANE.getByName(CONTROL_PLANE_NAME),
    state: () => this.#state,
    slowMs: () => this.#clock.nowMs,
    counters: this.#counters,
    answered: (answer) => this.#contacted(answer),
  });
  /** When origins are probed. */
  readonly #alarm: CountedAlarm;
  #leasesEndByMs: number;
  #shards = 1;
  #holderSeenMs = 0;

  constructor(context: DurableObjectState, env: Bindings) {
    super(context, env);
    const name = context.id.name;
    if (name === undefined) throw new Error("Expected a hub to be addressed by its name, got an id without one");
    this.#leasesEndByMs = context.storage.kv.get<number>(LEASES_END_BY) ?? 0;
    const identity = { name, region: regionOf(name), instance: crypto.randomUUID() };
    this.#state = startHub(identity, this.#leasesEndByMs, Date.now(), 0);
    this.#alarm = new CountedAlarm(context.storage, this.#counters);
    const store = countedStore(context.storage.kv, this.#counters);
    const readings = new HubReadings(this.#state.origins);
    this.#readings = readings;
    this.#origins = new HubOrigins({
      hub: name,
      settings: SETTINGS,
      breakerOf: (origin) => {
        this.#counters.breakerCalls++;
        return env.ORIGIN_BREAKER.getByName(origin);
      },
      store,
      hasIsolates: this.#leasesEndByMs > Date.now(),
      platform: { region: identity.region, bindings: { ...env }, clock: Date.now },
      random: Math.random,
      changed: (origin, reading) => {
        readings.tell(origin, reading);
        this.#releaseSoon();
      },
      isTakenOut: (origin) => isTakenOut(this.#state, origin, Date.now()),
      offeredRatio: (service) => this.#traffic.offeredRatio(service),
      hubs: () => config.regions.length * this.#shards,
      gone: (origin) => readings.forget(origin),
      notStored: (origin, error) => logError(`hub: the word of ${origin}'s breaker not stored`, error),
      failed: (origin, error) => logError(`the breaker of ${origin} could not be reached`, error),
    });
    this.#failovers = new HubFailovers(store);
    // What breakers had said before the object was evicted.
    readings.publish(this.#origins.readings(Date.now()), -Infinity);
  }

  async sync(request: SyncRequest): Promise<SyncAnswer> {
    if (request.protocol !== 1) throw new RangeError(`Expected \`protocol\` to be 1, got ${String(request.protocol)}`);
    this.#counters.syncs++;
    // Not longer than the isolate has patience: without the ControlPlane there is an answer, but no lease.
    if (!mayGrant(this.#state, Date.now()))
      await Promise.race([this.#contact.once(), scheduler.wait(FIRST_CONTACT_MS)]);
    if (request.report !== null) this.#take(request.report);
    this.#origins.takeSync(Date.now());
    this.ctx.waitUntil(this.#alarm.want(Date.now() + FIRST_PROBES_MS));
    const noted = this.#note(request);
    if (isBehind(this.#state, request.have)) void this.#contact.once();
    if (request.lease && noted && !this.#lacks(request.have))
      await this.#held.hold(request.have, paceFor(this.#state.holders.size).holdMs);
    return this.#answer(request);
  }

  report(report: Report): Promise<void> {
    this.#counters.reports++;
    this.#take(report);
    return Promise.resolve();
  }

  takePermit(origin: OriginId): Promise<Permit | null> {
    return this.#origins.takePermit(origin);
  }

  witness(origin: OriginId): Promise<Witness> {
    return Promise.resolve(this.#origins.witness(origin));
  }

  /** Probes what is due. */
  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    const { nextMs, done } = this.#origins.startProbes(Date.now());
    await this.#alarm.again(nextMs, info);
    this.ctx.waitUntil(done);
  }

  push(change: Change): Promise<PushAnswer> {
    const version = change.section === "origins" ? this.#origins.push(change).version : takeChange(this.#state, change);
    this.#overlay.look(this.#state.logged.overrides, Date.now());
    this.#releaseSoon();
    return Promise.resolve({ instance: this.#state.instance, version });
  }

  /** Answers when complete, or after `waitMs`. */
  async confirm(section: LoggedSection, version: number, waitMs: number): Promise<ConfirmAnswer> {
    if (this.#state.logged[section].version < version) await this.#contact.once();
    let isTimeUp = false;
    const timer = setTimeout(() => {
      isTimeUp = true;
      this.#watchers.lookAgain();
    }, waitMs);
    try {
      for (;;) {
        const answer = hubConfirmation(this.#state, section, version, this.#clock.nowMs);
        if (answer.complete || isTimeUp) return answer;
        this.#clock.run();
        await this.#watchers.wait();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  describe(): HubDescription {
    const { name, instance, holders } = this.#state;
    return {
      hub: name,
      instance,
      isolates: holders.size,
      oldestViewMs: longestSilenceMs(holders, LEASE_MS, this.#clock.nowMs),
      held: this.#held.size,
      shards: this.#shards,
      versions: this.#versions(""),
      counters: { ...this.#counters, releases: this.#held.releases },
      services: this.#traffic.countersByService(),
    };
  }

  statistics(): Promise<HubStatistics> {
    const readings = [...this.#origins.readings(Date.now())];
    return Promise.resolve({ description: this.describe(), ...this.#traffic.totals(), readings });
  }

  performance(windowMinutes: number, service: string | null): Promise<Performance> {
    return Promise.resolve(this.#traffic.performance(windowMinutes, service));
  }

  failovers(): Promise<FailoverLog> {
    return Promise.resolve(this.#failovers.log);
  }

  forgetStatistics(): Promise<void> {
    return Promise.resolve(this.#traffic.forget());
  }

  async reload(): Promise<boolean> {
    if (this.#contact.isRegistered) await this.#contact.call(true);
    return this.#contact.isRegistered && mayGrant(this.#state, Date.now());
  }

  #take(report: Report): void {
    if (this.#traffic.take(report)) this.ctx.waitUntil(this.#origins.takeReport(report, Date.now()));
  }

  /** Notes who may hold a lease from now on. @returns whether the sync may be answered with one */
  #note(request: SyncRequest): boolean {
    const nowMs = Date.now();
    if (!mayGrant(this.#state, nowMs)) return false;
    takeSync(this.#state, request, nowMs, this.#clock.nowMs);
    this.#holderSeenMs = this.#clock.nowMs;
    if (nowMs + LEASE_MS > this.#leasesEndByMs) {
      // The output gate keeps the answer back until this is stored.
      this.#leasesEndByMs = nowMs + LEASE_MS + LEASES_END_STEP_MS;
      this.ctx.storage.kv.put(LEASES_END_BY, this.#leasesEndByMs);
      this.#counters.rowsWritten++;
    }
    this.#clock.run();
    this.#watchers.lookAgain();
    return true;
  }

  #answer(request: SyncRequest): SyncAnswer {
    const nowMs = Date.now();
    if (this.#readings.isDue(nowMs)) {
      this.#traffic.forgetSilent();
      this.#overlay.look(this.#state.logged.overrides, nowMs);
      this.#origins.endGrace();
      this.#readings.publish(this.#origins.readings(nowMs), nowMs);
      this.#lookWhoServes();
    }
    const isolates = this.#state.holders.size;
    const answer = answerSync(this.#state, request, this.#state.holders.has(request.isolate), nowMs);
    if (answer.leaseMs === 0) this.#counters.answersWithoutLease++;
    return {
      protocol: 1,
      ...answer,
      ...paceFor(isolates),
      shards: this.#shards,
      traffic: { isolates, retryRatio: this.#traffic.retryRatios() },
    };
  }

  #versions(base: string): Versions {
    const { instance, logged, origins } = this.#state;
    return { ...loggedVersions(logged), base, hub: instance, origins: origins.version };
  }

  /** Whether a caller must be answered at once. */
  #lacks(have: Versions | null): boolean {
    const origins = have?.hub === this.#state.instance ? have.origins : 0;
    return lacksLogged(this.#state, have) || origins < this.#readings.urgentVersion;
  }

  /** Overrides come with the ControlPlane's word: without it nobody knows who serves. */
  #lookWhoServes(): void {
    if (!this.#contact.isRegistered) return;
    const nowMs = Date.now();
    const readings = new Map(this.#origins.readings(nowMs));
    this.#failovers.look(this.#overlay.laid, readings, nowMs);
  }

  #contacted({ registered, shards }: ContactAnswer): void {
    this.#shards = shards;
    // Another instance has this one's place. If this is the object's current instance, it starts anew under another name.
    if (!registered) this.ctx.abort("another instance has taken this hub's place");
    this.#overlay.look(this.#state.logged.overrides, Date.now());
    this.#releaseSoon();
  }

  /** Origins were added or removed at runtime. New ones wait for a verdict, so they are probed at once. */
  #originsChanged(settings: ReadonlyMap<OriginId, OriginSettings>): void {
    this.ctx.waitUntil(this.#origins.update(settings));
    this.ctx.waitUntil(this.#origins.startProbes(Date.now()).done);
  }

  #releaseSoon(): void {
    this.#lookWhoServes();
    this.#watchers.lookAgain();
    this.#held.releaseSoon();
  }

  /** @returns whether the clock has to go on */
  #tick(): boolean {
    const nowMs = this.#clock.nowMs;
    dropExpired(this.#state.holders, nowMs);
    this.#watchers.lookAgain();
    if (this.#contact.isDue) void this.#contact.once();
    if (this.#state.holders.size > 0 || this.#watchers.size > 0) return true;
    if (nowMs - this.#holderSeenMs < LEAVE_AFTER_MS) return true;
    if (this.#contact.isRegistered) {
      const { state, told } = this.#contact.leave();
      this.#state = state;
      this.ctx.waitUntil(told);
    }
    return this.#held.size > 0;
  }
}
