/**
 * What travels between isolates, hubs, breakers and the ControlPlane: the wire types of the agreement.
 *
 * Clocks are never compared across machines: times that travel are durations (`...Ms` from receipt or from sending), and
 * positions are versions. Answers are plain data for structured clone, so NaN and Infinity survive; nothing here holds
 * functions or class instances.
 */
import type { Region } from "../config/region.ts";
import type { HubLoad, WorldLoad } from "../steering/world-load.ts";
import type { Verdict } from "../health/thresholds.ts";
import type { BreakerPhase } from "../steering/origin-state.ts";
import type { LatencyCounts } from "./latency-counts.ts";
import type { Override } from "./override.ts";
import type { PurgeMark } from "./purge-mark.ts";
import type { SectionDelta } from "./section.ts";
import type { SessionRule } from "./session-rule.ts";

export type OriginId = string;
export type ServiceName = string;
/** One isolate's life, chosen at random when its view is made; a new view is a new isolate. */
export type IsolateId = string;
/** One life of a hub: chosen at random when the object starts. */
export type HubInstance = string;
/** A hub's Durable Object name: its region, or region and shard (`weur`, `weur.1`). */
export type HubName = string;

/** The parts of a view. Each is a keyed map with its own version. */
export interface Sections {
  /** By `overrideKey`. Logged by the ControlPlane. */
  readonly overrides: Override;
  /** By origin id. Made by each hub for its own region; its versions mean something only to that hub instance. */
  readonly origins: OriginReading;
  /** By `purgeKey`. Logged by the ControlPlane; an entry's version is its purge epoch. */
  readonly purges: PurgeMark;
  /** By flag name. Logged. */
  readonly flags: FlagValue;
  /** By `sessionRuleKey`. Logged; an entry's version is its affinity epoch. */
  readonly sessions: SessionRule;
}

export type FlagValue = boolean | number | string;

export type Section = keyof Sections;

/** The sections whose versions are worldwide, because the ControlPlane's log numbers them. `confirm` is about these. */
export type LoggedSection = Exclude<Section, "origins">;
export const LOGGED_SECTIONS = ["overrides", "purges", "flags", "sessions"] as const satisfies readonly LoggedSection[];

/** Up to where a caller has each section; 0: nothing. */
export type LoggedVersions = Readonly<Record<LoggedSection, number>>;

export interface Versions extends LoggedVersions {
  /** Content hash of the bundled configuration. */
  readonly base: string;
  /** The hub instance whose `origins` version this is. Another instance's number means nothing: all is sent. */
  readonly hub: HubInstance;
  readonly origins: number;
}

/** What is new; a section that is not there has not changed. */
export type LoggedDelta = { readonly [S in LoggedSection]?: SectionDelta<Sections[S]> };
export interface ViewDelta extends LoggedDelta {
  readonly origins?: SectionDelta<OriginReading>;
}

/** The breaker's and the health check's word on an origin, for one region. Changes are released at once. */
export interface OriginVerdict {
  readonly breaker: BreakerPhase;
  /** Share of requests admitted while the origin ramps up after recovery, in (0, 1]. */
  readonly admission: number;
  /** The health verdict for this region. */
  readonly healthy: boolean;
}

/** Numbers about an origin, from its region's traffic and probes. They ride along; they never release a held call. */
export interface OriginMeasure {
  /** Peak-sensitive EWMA of the time to the response head, ms; NaN until measured. */
  readonly latencyMs: number;
  readonly latencySamples: number;
  /** How old the newest sample was when this was sent, ms. */
  readonly latencyAgeMs: number;
  /** Attempts of the region's isolates waiting for a response head, as last reported. */
  readonly inFlight: number;
  /** Attempts a second from this region over the last seconds. */
  readonly load: number;
  /** Share of its requests that the region keeps on an origin the world asks too much of, in (0, 1]. */
  readonly kept: number;
  /** Requests a second from everywhere over the origin's capacity; 0 where none is configured. */
  readonly saturation: number;
}

export interface OriginReading extends OriginVerdict, OriginMeasure {}

/** How an attempt of a trial ended. Ignored: the client went away; the permit is issued again. */
export type Outcome = "success" | "failure" | "ignored";

/** The right to send one trial request to a half-open origin. */
export interface Permit {
  readonly id: string;
  readonly origin: OriginId;
  /** The trial must have begun within this many ms of the moment the isolate *asked* for the permit. */
  readonly useWithinMs: number;
  /** The trial must have ended (been aborted) within this many ms of its begin. */
  readonly deadlineMs: number;
}

export interface SettledPermit {
  readonly id: string;
  readonly origin: OriginId;
  readonly outcome: Outcome;
}

/** What one isolate saw of one origin since its last report. All counts are >= 0. Trials and panic are not in here. */
export interface OriginReport {
  readonly successes: number;
  readonly failures: number;
  /** Of the failures: thrown connections. */
  readonly connectionFailures: number;
  /** Of the failures: deadlines passed. */
  readonly timeouts: number;
  /** Of the successes: slower than the breaker's `slowMs`. */
  readonly slow: number;
  /** Failures in a row up to now, within this isolate; may reach back before this report. */
  readonly failureRun: number;
  /** The longest such run since the last report. */
  readonly longestFailureRun: number;
  /** Attempts sent while nothing was available and everything was used; counted apart. */
  readonly panics: number;
  readonly latency: LatencyReport;
  /** Attempts waiting for a response head now. */
  readonly inFlight: number;
  /** Attempts begun, trials and panic included; counted only where a capacity is configured. */
  readonly sent: number;
  /** The same attempts, each counted as one over the share of requests that was kept when it was made. */
  readonly wanted: number;
}

/** Time to the response head of the successful attempts, ms. `maxMs` is 0 when there were none. */
export interface LatencyReport {
  readonly samples: number;
  readonly sumMs: number;
  readonly maxMs: number;
}

/** What one isolate saw of one service since its last report. */
export interface ServiceReport {
  readonly requests: number;
  /** Requests answered with an error of ours or an origin's 5xx. */
  readonly errors: number;
  readonly attempts: number;
  /** Attempts beyond a request's first. */
  readonly retries: number;
  /** Further counters by name, added up as they are. */
  readonly counters: Readonly<Record<string, number>>;
  /** The policy over pools that decided. Absent, as `answers`, in reports of isolates deployed before there was such a thing. */
  readonly algorithm?: string;
  /** Answered requests by the origin whose answer it was; `(cache)` and `(none)` where it was nobody's. */
  readonly answers?: Readonly<Record<OriginId, AnswerReport>>;
}

/** Times from a request to its response head, by whether it was an error (as `errors` has it); null: there were none. */
export interface AnswerReport {
  readonly success: Readonly<LatencyCounts> | null;
  readonly failure: Readonly<LatencyCounts> | null;
}

export interface Report {
  readonly isolate: IsolateId;
  /** Grows by one a report, so that one that arrives twice counts once. */
  readonly sequence: number;
  /** The time it covers, ms. */
  readonly spanMs: number;
  /** How long ago that time ended when this was sent, ms: 0 unless it is sent again. */
  readonly ageMs: number;
  readonly origins: Readonly<Record<OriginId, OriginReport>>;
  readonly services: Readonly<Record<ServiceName, ServiceReport>>;
  readonly settled: readonly SettledPermit[];
}

export interface SyncRequest {
  /** The current and the previous number are accepted: versions mix during a deploy. */
  readonly protocol: 1;
  readonly isolate: IsolateId;
  readonly region: Region;
  /** null: nothing yet. */
  readonly have: Versions | null;
  readonly report: Report | null;
  /** Whether the isolate holds a lease now. Without one the call is answered at once. */
  readonly lease: boolean;
}

export interface SyncAnswer {
  readonly protocol: 1;
  readonly delta: ViewDelta | null;
  /** What the caller has once it has applied the delta. */
  readonly versions: Versions;
  /** The lease, counted from *sending* the call this answers; 0: none is granted. */
  readonly leaseMs: number;
  /** The longest the next call will be held, ms. */
  readonly holdMs: number;
  /** How far apart reports should be at least, ms. */
  readonly reportMs: number;
  /** How far apart urgent reports must be at least, ms. */
  readonly urgentMs: number;
  /** How the region's isolates share the work: an isolate syncs with shard `hash(isolate) mod shards`. */
  readonly shards: number;
  readonly traffic: RegionTraffic;
}

/** What the region's isolates do together; rides along. */
export interface RegionTraffic {
  readonly isolates: number;
  /** Retries per first attempt over the last seconds, by service. */
  readonly retryRatio: Readonly<Record<ServiceName, number>>;
}

/** What isolates ask of their region's hub. */
export interface HubForIsolates {
  sync(request: SyncRequest): Promise<SyncAnswer>;
  report(report: Report): Promise<void>;
  takePermit(origin: OriginId): Promise<Permit | null>;
}

/** Something changed in a logged section. `from` not being what the hub has, the hub answers with what it has. */
export type LoggedChange = {
  readonly [S in LoggedSection]: { readonly section: S; readonly delta: SectionDelta<Sections[S]> };
}[LoggedSection];

/** A breaker's word on its origin for one region. */
export interface BreakerChange {
  readonly section: "origins";
  readonly origin: OriginId;
  readonly state: BreakerState;
}
export type Change = LoggedChange | BreakerChange;

/** What a breaker tells a hub; older than what the hub has, it is dropped. */
export interface BreakerState extends Pick<OriginVerdict, "breaker" | "admission"> {
  /** What is known of the origin's health in this region. Who has to decide on `unknown` knows how the origin was added. */
  readonly verdict: Verdict;
  /** Grows with every change of this origin's breaker. */
  readonly version: number;
}

export interface PushAnswer {
  readonly instance: HubInstance;
  readonly version: number;
}

export interface ConfirmAnswer {
  /** Who answers: only the registered instance's word counts for the hub. */
  readonly instance: HubInstance;
  /** True: every isolate that holds a lease from here has the version. */
  readonly complete: boolean;
  /** 0 when complete; else after this time it holds even if nobody answers. Infinity: the hub has not got the version. */
  readonly effectiveWithinMs: number;
}

/** What a region knows of an origin without being told: who has traffic there, and what its probes say. */
export interface Witness {
  /** Attempts that ended within the breaker's window. */
  readonly successes: number;
  readonly failures: number;
  readonly verdict: Verdict;
  /** Isolates are there whose traffic may not have been heard of for so much longer, ms; 0: no counts mean no traffic. */
  readonly unheardForMs: number;
}

/** What Durable Objects ask of a hub. */
export interface HubForObjects {
  /** Asked by a breaker before it calls its origin down worldwide. */
  witness(origin: OriginId): Promise<Witness>;
  /** @returns who took it, and the version it has of the change's section (or of the breaker) now. */
  push(change: Change): Promise<PushAnswer>;
  confirm(section: LoggedSection, version: number, waitMs: number): Promise<ConfirmAnswer>;
}

/** One region's counts of one origin over `spanMs`. */
export interface WindowCounts {
  readonly successes: number;
  readonly failures: number;
  readonly slow: number;
  readonly longestFailureRun: number;
  readonly spanMs: number;
}

/** An origin that was added at runtime. */
export interface Introduction {
  readonly service: ServiceName;
  readonly pool: string;
  /** When it was added, ms since the epoch by the clock of who added it; what changes about it later leaves this as it is. */
  readonly registeredAtMs: number;
  /** Requests a second that it takes worldwide; null: nobody said. */
  readonly capacity: number | null;
}

/** What hubs ask of an origin's breaker. `hub` is who to push to and `region` whose machine it is about. */
export interface BreakerForHubs {
  record(region: Region, hub: HubName, counts: WindowCounts): Promise<BreakerState>;
  takePermit(region: Region): Promise<Permit | null>;
  settle(permitId: string, outcome: Outcome): Promise<BreakerState>;
  /** What the region sends to the origin. */
  reportLoad(hub: HubName, load: HubLoad): Promise<WorldLoad>;
  /** The region's own verdict changed. */
  reportHealth(region: Region, hub: HubName, verdict: Verdict, reason: string): Promise<BreakerState>;
  /** The origin was added at runtime: the breaker follows the rules of its place, and starts anew with a new registration. */
  introduce(region: Region, hub: HubName, introduction: Introduction): Promise<BreakerState>;
}

/** What a hub asks of the ControlPlane: to be known, and what it has missed. Sent at start and every few seconds. */
export interface ContactRequest {
  readonly hub: HubName;
  readonly region: Region;
  readonly instance: HubInstance;
  /** True on an instance's first contact: it takes the hub's place in the registry. */
  readonly register: boolean;
  readonly have: LoggedVersions | null;
  /** Isolates that hold a lease from this hub. */
  readonly isolates: number;
}

export interface ContactAnswer {
  /** False: another instance has taken this one's place, and it must stop granting leases. */
  readonly registered: boolean;
  readonly delta: LoggedDelta;
  /** How many hubs share the region's isolates. */
  readonly shards: number;
}

export interface ControlPlaneForHubs {
  contact(request: ContactRequest): Promise<ContactAnswer>;
  /** The last lease has run out: nothing has to be waited for until the hub registers again. */
  leave(hub: HubName, instance: HubInstance): Promise<void>;
}
