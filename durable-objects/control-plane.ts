/**
 * What the whole deployment must agree on in order: the log of overrides, purges, flags and ended sessions, and
 * the registry of hubs.
 *
 * A shell around src/agreement. A change is stored, pushed to every registered hub, pushed again until each has it, and
 * confirmed when no lease is out without it.
 */
import { DurableObject } from "cloudflare:workers";
import { AUDIT_LOG_NAME } from "../src/agreement/audit-record.ts";
import type {
  ConfirmAnswer,
  ContactAnswer,
  ContactRequest,
  ControlPlaneForHubs,
  HubInstance,
  HubName,
  LoggedChange,
  LoggedDelta,
  LoggedSection,
  LoggedVersions,
  OriginId,
} from "../src/agreement/protocol.ts";
import {
  confirmation,
  forgetReplaced,
  leave,
  register,
  renew,
  restoreRegistry,
  type Confirmation,
  type Registered,
  type Registry,
  type RegistryChange,
} from "../src/agreement/registry.ts";
import type {
  AppendAnswer,
  AppendOptions,
  ChangeNote,
  ControlPlaneForApi,
  LogEntry,
  Revision,
  Standing,
} from "../src/agreement/revision.ts";
import { expiry, type Expiry } from "../src/agreement/expiry.ts";
import { regionOf, shardsFor } from "../src/agreement/sharding.ts";
import { LOGGED_SECTIONS } from "../src/agreement/protocol.ts";
import type { Region } from "../src/config/region.ts";
import type { Bindings } from "./bindings.ts";
import { AuditOutbox } from "./audit-outbox.ts";
import { ChangeLog, type Appended } from "./change-log.ts";
import { HeartbeatBook } from "./heartbeat-book.ts";
import { nextAlarmMs } from "./next-alarm.ts";
import { TickClock } from "./tick-clock.ts";

/** When a change is pushed again to hubs that have not acknowledged it, ms; doubles up to the cap. */
const PUSH_AGAIN_MS = 1_000;
const PUSH_AGAIN_CAP_MS = 30_000;

/** How long after a hub did not answer a confirmation it is asked again, ms. */
const ASK_AGAIN_MS = 250;

/** A hub that has to say "not yet" says it so long before the time is up that it is heard, ms. */
const ANSWER_TRIP_MS = 500;

type HubRow = { instance: string; hub: string; region: string; current: number };

export class ControlPlane extends DurableObject<Bindings> implements ControlPlaneForHubs, ControlPlaneForApi {
  readonly #log: ChangeLog;
  readonly #audit: AuditOutbox;
  readonly #registry: Registry;
  readonly #shards: Map<Region, number>;
  readonly #clock = new TickClock(() => this.#tick());
  readonly #heartbeats = new HeartbeatBook(Date.now());
  #pushAgainMs = PUSH_AGAIN_MS;
  /** Since the object started. */
  #rowsWritten = 0;

  constructor(context: DurableObjectState, env: Bindings) {
    super(context, env);
    const { sql } = context.storage;
    sql.exec(`CREATE TABLE IF NOT EXISTS hubs (
      instance TEXT PRIMARY KEY, hub TEXT NOT NULL, region TEXT NOT NULL, current INTEGER NOT NULL
    ) WITHOUT ROWID`);
    sql.exec("CREATE TABLE IF NOT EXISTS shards (region TEXT PRIMARY KEY, shards INTEGER NOT NULL) WITHOUT ROWID");
    this.#log = new ChangeLog(context.storage);
    this.#audit = new AuditOutbox(this.#log, () => env.AUDIT_LOG.getByName(AUDIT_LOG_NAME));
    const rows = sql.exec<HubRow>("SELECT * FROM hubs").toArray();
    this.#registry = restoreRegistry(
      rows.map((row) => ({ ...row, region: row.region as Region, current: row.current === 1 })),
      0,
    );
    const shards = sql.exec<{ region: string; shards: number }>("SELECT * FROM shards").toArray();
    this.#shards = new Map(shards.map((row) => [row.region as Region, row.shards]));
    this.#clock.run();
  }

  /**
   * Makes a change: stored first, then on its way to every hub and into the audit trail.
   *
   * @param note who, why, by which request; kept with the change
   * @returns the section's new version (for purges: the epoch), to be given to `confirm`
   */
  append<S extends LoggedSection>(
    section: S,
    entries: readonly LogEntry<S>[],
    note: ChangeNote,
    { expected, have }: AppendOptions = {},
  ): Promise<AppendAnswer> {
    const version = this.#log.versions[section];
    if (expected !== undefined && expected !== version)
      return Promise.resolve({ accepted: false, version, atMs: Date.now(), changes: [], delta: this.#since(have) });
    const { change, atMs, changes } = this.#make(section, entries, note);
    return Promise.resolve({ accepted: true, version: change.delta.to, atMs, changes, delta: this.#since(have) });
  }

  #make<S extends LoggedSection>(section: S, entries: readonly LogEntry<S>[], note: ChangeNote): Appended {
    const appended = this.#log.append(section, entries, note, Date.now());
    if (section === "overrides") this.#heartbeats.heard(entries, Date.now());
    this.#pushAgainMs = PUSH_AGAIN_MS;
    // In one turn with the alarm, so that both are stored or neither is.
    void this.ctx.storage.setAlarm(Math.min(Date.now() + this.#pushAgainMs, this.#expiry().nextMs));
    this.ctx.waitUntil(this.#pushToAll(appended.change));
    this.ctx.waitUntil(this.#audit.flush());
    return appended;
  }

  /** Registered origins that say they are still there. @returns those of them that are registered with a heartbeat */
  heartbeat(origins: readonly OriginId[]): Promise<OriginId[]> {
    const overrides = this.#log.entries("overrides");
    return Promise.resolve(this.#heartbeats.beat(overrides, origins, Date.now()));
  }

  #expiry(): Expiry {
    return expiry(this.#log.entries("overrides"), this.#heartbeats, Date.now());
  }

  /** Makes a revision of what time has ended. */
  #endExpired(): void {
    const { ended } = this.#expiry();
    if (ended.length === 0) return;
    const note = { actor: "fairlead", action: "override.expire", target: ended.join(" "), reason: "its time is over" };
    this.#make(
      "overrides",
      ended.map((key) => ({ key, value: null })),
      note,
    );
  }

  #since(have: LoggedVersions | undefined): LoggedDelta {
    return have === undefined ? {} : this.#log.deltaSince(have);
  }

  /**
   * Waits until every isolate that holds a lease has a version, or `waitMs` have passed.
   *
   * @returns `complete`, or after how long it holds even if nobody answers any more
   */
  async confirm(section: LoggedSection, version: number, waitMs: number): Promise<Confirmation> {
    const untilMs = Date.now() + waitMs;
    const answers = new Map<HubInstance, ConfirmAnswer>();
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), waitMs);
    const hubs = new Set([...this.#registry.values()].map(({ hub }) => hub));
    const asked = Promise.all(
      [...hubs].map((hub) => this.#askUntilComplete(hub, section, version, untilMs, answers, waiting.signal)),
    );
    const timeUp = new Promise((resolve) => waiting.signal.addEventListener("abort", resolve));
    const confirmed = Promise.race([asked, this.#silence(answers, waiting.signal)]);
    // Who is told that a change is everywhere also finds it in the audit trail.
    await Promise.race([Promise.all([confirmed, this.#audit.flush()]), timeUp]);
    clearTimeout(timer);
    waiting.abort();
    return this.#confirmation(answers);
  }

  /** Returns once everything is confirmed by answers or by silence. */
  async #silence(answers: ReadonlyMap<HubInstance, ConfirmAnswer>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#confirmation(answers).complete) await scheduler.wait(ASK_AGAIN_MS);
  }

  async #askUntilComplete(
    hub: HubName,
    section: LoggedSection,
    version: number,
    untilMs: number,
    answers: Map<HubInstance, ConfirmAnswer>,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        const leftMs = Math.max(0, untilMs - Date.now());
        const answer = await this.#hub(hub).confirm(section, version, leftMs - Math.min(ANSWER_TRIP_MS, leftMs / 2));
        answers.set(answer.instance, answer);
        if (this.#isConfirmed(hub, answers)) return;
      } catch {
        // Not reached: its silence is counted by the registry.
      }
      await scheduler.wait(ASK_AGAIN_MS);
    }
  }

  /** Whether everything registered under a hub's name is confirmed. */
  #isConfirmed(hub: HubName, answers: ReadonlyMap<HubInstance, ConfirmAnswer>): boolean {
    const own = new Map([...this.#registry].filter(([, entry]) => entry.hub === hub));
    return confirmation(own, answers, this.#clock.nowMs).complete;
  }

  contact({ hub, region, instance, register: isFirst, have, isolates }: ContactRequest): Promise<ContactAnswer> {
    const slowMs = this.#clock.nowMs;
    this.#clock.run();
    if (isFirst) this.#store(register(this.#registry, { instance, hub, region }, slowMs));
    const registered = renew(this.#registry, instance, slowMs);
    const entry = this.#registry.get(instance);
    if (registered && entry !== undefined) {
      entry.isolates = isolates;
      if (have !== null) this.#acknowledge(entry, have);
    }
    return Promise.resolve({ registered, delta: this.#log.deltaSince(have), shards: this.#shardsOf(region) });
  }

  leave(_hub: HubName, instance: HubInstance): Promise<void> {
    this.#store(leave(this.#registry, instance));
    return Promise.resolve();
  }

  standing<S extends LoggedSection>(section: S): Promise<Standing<S>> {
    return Promise.resolve({ version: this.#log.versions[section], entries: this.#log.entries(section) });
  }

  changes(section: LoggedSection, limit: number, before?: number): Promise<Revision[]> {
    return Promise.resolve(this.#log.changes(section, limit, before));
  }

  /** Hubs that may be granting leases. */
  hubs(): Promise<Registered[]> {
    return Promise.resolve([...this.#registry.values()]);
  }

  /** What it has and what it has cost, without the log's own rows. */
  describe(): { versions: LoggedVersions; hubs: number; rowsWritten: number } {
    return { versions: this.#log.versions, hubs: this.#registry.size, rowsWritten: this.#rowsWritten };
  }

  /** Ends what time has ended, pushes again what hubs have not acknowledged, hands on what the audit trail has not got. */
  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.#endExpired();
    await Promise.all([this.#audit.flush(), ...this.#currentHubs().map((entry) => this.#pushMissing(entry))]);
    let nextMs = this.#expiry().nextMs;
    if (!this.#audit.isEmpty || !this.#currentHubs().every((entry) => this.#hasAll(entry))) {
      this.#pushAgainMs = Math.min(PUSH_AGAIN_CAP_MS, this.#pushAgainMs * 2);
      nextMs = Math.min(nextMs, Date.now() + this.#pushAgainMs);
    }
    if (nextMs !== Infinity) await this.ctx.storage.setAlarm(nextAlarmMs(nextMs, Date.now(), info?.scheduledTime));
  }

  #confirmation(answers: ReadonlyMap<HubInstance, ConfirmAnswer>): Confirmation {
    this.#store(forgetReplaced(this.#registry, this.#clock.nowMs));
    return confirmation(this.#registry, answers, this.#clock.nowMs);
  }

  #currentHubs(): Registered[] {
    return [...this.#registry.values()].filter(({ current }) => current);
  }

  #hub(name: HubName) {
    return this.env.REGION_HUB.getByName(name, { locationHint: regionOf(name) });
  }

  async #pushToAll(change: LoggedChange): Promise<void> {
    await Promise.all(this.#currentHubs().map((entry) => this.#push(entry, change)));
  }

  async #pushMissing(entry: Registered): Promise<void> {
    const delta = this.#log.deltaSince(entry.acknowledged);
    for (const section of LOGGED_SECTIONS) {
      const part = delta[section];
      if (part !== undefined) await this.#push(entry, { section, delta: part } as LoggedChange);
    }
  }

  async #push(entry: Registered, change: LoggedChange): Promise<void> {
    try {
      const { instance, version } = await this.#hub(entry.hub).push(change);
      const taker = this.#registry.get(instance);
      if (taker !== undefined) this.#acknowledge(taker, { ...taker.acknowledged, [change.section]: version });
    } catch {
      // The alarm tries again.
    }
  }

  #acknowledge(entry: Registered, have: LoggedVersions): void {
    entry.acknowledged = have;
  }

  #hasAll({ acknowledged }: Registered): boolean {
    const { versions } = this.#log;
    return LOGGED_SECTIONS.every((section) => acknowledged[section] >= versions[section]);
  }

  #shardsOf(region: Region): number {
    const before = this.#shards.get(region) ?? 1;
    let isolates = 0;
    for (const entry of this.#registry.values())
      if (entry.current && entry.region === region) isolates += entry.isolates;
    const shards = shardsFor(isolates, before);
    if (shards !== before) {
      this.#shards.set(region, shards);
      this.#write("INSERT OR REPLACE INTO shards VALUES (?, ?)", region, shards);
    }
    return shards;
  }

  /** Stored before any answer leaves: the output gate sees to it. */
  #store({ put, drop }: RegistryChange): void {
    for (const { instance, hub, region, current } of put)
      this.#write("INSERT OR REPLACE INTO hubs VALUES (?, ?, ?, ?)", instance, hub, region, current ? 1 : 0);
    for (const instance of drop) this.#write("DELETE FROM hubs WHERE instance = ?", instance);
  }

  #write(statement: string, ...values: (string | number)[]): void {
    this.#rowsWritten += this.ctx.storage.sql.exec(statement, ...values).rowsWritten;
  }

  /** The silence of hubs is measured as long as there is one that may bind somebody. */
  #tick(): boolean {
    const nowMs = this.#clock.nowMs;
    return [...this.#registry.values()].some(({ boundUntilMs }) => boundUntilMs > nowMs);
  }
}
