/**
 * One origin's breaker for the whole planet: a shell around the pure rules that keeps their state, asks the hubs when it
 * must know more, and tells them when something changed.
 */
import { DurableObject } from "cloudflare:workers";
import config from "../fairlead.config.ts";
import type {
  BreakerForHubs,
  BreakerState,
  HubForObjects,
  HubName,
  Introduction,
  OriginId,
  Outcome,
  Permit,
  WindowCounts,
} from "../src/agreement/protocol.ts";
import type { Region } from "../src/config/region.ts";
import { globalVerdict, pollOf, verdictIn } from "../src/health/quorum.ts";
import type { Verdict } from "../src/health/thresholds.ts";
import { LISTEN_MS, quorumOf } from "../src/resilience/listening.ts";
import {
  admissionIn,
  advanceAgreement,
  agreementDueMs,
  breakerFor,
  ejectedRegions,
  FRESH_AGREEMENT,
  isClosedEverywhere,
  isUneventful,
  judgeWorld,
  recordRegion,
  settleTrial,
  storedPart,
  takePermit,
  type OriginAgreement,
} from "../src/resilience/origin-agreement.ts";
import { obey, type BreakerForApi, type BreakerOrder, type OrderAnswer } from "../src/resilience/breaker-order.ts";
import {
  kept,
  NO_HISTORY,
  transitionsBetween,
  type OriginHistory,
  type OriginInspection,
} from "../src/resilience/origin-history.ts";
import { takeHubLoad, type HubLoad, type LoadBook, type WorldLoad } from "../src/steering/world-load.ts";
import { capacityOf, rulesFor, type Rules } from "./breaker-rules.ts";
import { BreakerStore, type StoredAgreement } from "./breaker-store.ts";
import { askHubs, hubNamed } from "./hubs.ts";
import { regionOf } from "../src/agreement/sharding.ts";
import { SoonestAlarm } from "./soonest-alarm.ts";

/** How long a hub may take to say what it knows before its origin is judged without it, ms. */
const WITNESS_MS = 400;

/** How long a hub may take to acknowledge a change, and when it is tried again, ms. */
const PUSH_MS = 5_000;
const REPUSH_MS = 2_000;

export interface BreakerBindings {
  readonly REGION_HUB: DurableObjectNamespace;
}

export class OriginBreaker extends DurableObject<BreakerBindings> implements BreakerForHubs, BreakerForApi {
  readonly #origin: OriginId;
  #rules: Rules;
  readonly #store: BreakerStore;
  readonly #loads: LoadBook = new Map();
  #introduction: Introduction | null;
  #agreement: OriginAgreement;
  #history: OriginHistory;
  #unreached: ReadonlySet<HubName>;
  /** The last change's way to the hubs. */
  #pushing: Promise<void> = Promise.resolve();
  readonly #alarm: SoonestAlarm;
  #judging = false;
  #judgeAgain = false;
  /** What is judged again when hubs have listened for long enough. */
  readonly #waiting = new Set<"world" | "health">();

  constructor(state: DurableObjectState, bindings: BreakerBindings) {
    super(state, bindings);
    this.#origin = state.id.name ?? "";
    this.#store = new BreakerStore(state.storage.kv);
    this.#alarm = new SoonestAlarm(state.storage);
    this.#introduction = this.#store.load("introduction");
    this.#rules = rulesFor(this.#origin, this.#introduction);
    const stored = this.#store.load("agreement");
    this.#agreement = stored?.agreement ?? FRESH_AGREEMENT;
    this.#unreached = new Set(stored?.unreached);
    this.#history = this.#store.load("history") ?? NO_HISTORY;
  }

  /** How a hub is reached; tests put their own in its place. */
  hub(name: HubName): HubForObjects {
    return hubNamed(this.env.REGION_HUB, name);
  }

  async record(region: Region, hub: HubName, counts: WindowCounts): Promise<BreakerState> {
    this.#meet(hub);
    this.#become(this.#advanced());
    const ejected = ejectedRegions(this.#agreement).length;
    this.#become(recordRegion(this.#agreement, region, counts, this.#rules, moment()));
    if (ejectedRegions(this.#agreement).length > ejected) this.ctx.waitUntil(this.#judgeWorld());
    return this.#stateIn(region);
  }

  /** What a hub's region sends; nothing of it is stored, because a round of reports says it all again. */
  async reportLoad(hub: HubName, load: HubLoad): Promise<WorldLoad> {
    return takeHubLoad(this.#loads, hub, load, capacityOf(this.#origin, this.#introduction), Date.now());
  }

  async takePermit(region: Region): Promise<Permit | null> {
    this.#become(this.#advanced());
    const wanted = { id: `${region}/${crypto.randomUUID()}`, attemptMs: this.#rules.attemptMs };
    const { agreement, grant } = takePermit(this.#agreement, region, wanted, this.#rules, moment());
    // A grant that is not stored could be forgotten by an eviction and given twice: no storage, no trial.
    if (grant === null || !this.#store.save("agreement", this.#storable(agreement))) return null;
    this.#agreement = agreement;
    return { ...grant, origin: this.#origin };
  }

  async settle(permitId: string, outcome: Outcome): Promise<BreakerState> {
    this.#become(settleTrial(this.#advanced(), permitId, outcome, this.#rules, moment()));
    return this.#stateIn(permitId.split("/", 1)[0] as Region);
  }

  async reportHealth(region: Region, hub: HubName, verdict: Verdict, reason: string): Promise<BreakerState> {
    this.#meet(hub);
    if ((this.#history.verdicts[region] ?? "unknown") !== verdict) {
      this.#become(this.#agreement, {
        verdicts: { ...this.#history.verdicts, [region]: verdict },
        healthChanges: kept(this.#history.healthChanges, [{ atMs: Date.now(), scope: region, verdict, reason }]),
      });
      this.ctx.waitUntil(this.#judgeHealth());
    }
    return this.#stateIn(region);
  }

  introduce(region: Region, hub: HubName, introduction: Introduction): Promise<BreakerState> {
    this.#meet(hub);
    const before = this.#introduction;
    const isNewLife = before === null || introduction.registeredAtMs > before.registeredAtMs;
    if (isNewLife || introduction.registeredAtMs === before.registeredAtMs) {
      this.#introduction = introduction;
      this.#store.save("introduction", introduction);
      this.#rules = rulesFor(this.#origin, this.#introduction);
    }
    // Whatever had this id before was another origin: its verdict says nothing about this one. Its trials may still run.
    if (isNewLife && before !== null)
      this.#become(
        { ...FRESH_AGREEMENT, permits: this.#agreement.permits },
        { verdicts: {}, globalVerdict: "unknown" },
      );
    return Promise.resolve(this.#stateIn(region));
  }

  /** What the breaker knows of its origin, and its last changes. */
  async inspect(): Promise<OriginInspection> {
    const states = Object.fromEntries(config.regions.map((region) => [region, this.#stateIn(region)]));
    return { ...this.#history, origin: this.#origin, agreement: this.#agreement, states };
  }

  /** Does what an operator says, and waits until the hubs have it. */
  async order(order: BreakerOrder): Promise<OrderAnswer> {
    this.#become(obey(this.#advanced(), order, this.#rules, moment()));
    await this.#pushing;
    const away = [...this.#unreached];
    const told = this.#hubs().filter((name) => !this.#unreached.has(name));
    return { inspection: await this.inspect(), told, away };
  }

  /** Does what is due: half-open, the ramp's next step, pushes that failed. It may ring twice or early, so it looks. */
  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.#alarm.rings(info);
    const { version } = this.#history;
    this.#become(this.#advanced());
    if (this.#history.version === version && this.#unreached.size > 0) await this.#push([...this.#unreached]);
  }

  #advanced(): OriginAgreement {
    return advanceAgreement(this.#agreement, this.#rules, Date.now());
  }

  /** Takes a new state on: notes what changed, stores it, sets the alarm, tells the hubs if they can see a difference. */
  #become(agreement: OriginAgreement, health: Partial<OriginHistory> = {}): void {
    const before = this.#visible();
    const transitions = transitionsBetween(this.#agreement, agreement, Date.now());
    this.#agreement = agreement;
    if (transitions.length > 0 || Object.keys(health).length > 0)
      this.#history = { ...this.#history, ...health, transitions: kept(this.#history.transitions, transitions) };
    const isVisible = this.#visible() !== before;
    if (isVisible) this.#history = { ...this.#history, version: this.#history.version + 1 };
    this.#save();
    if (!isVisible) return;
    this.#pushing = this.#push(this.#hubs());
    this.ctx.waitUntil(this.#pushing);
  }

  /** What hubs can see, as text to compare. */
  #visible(): string {
    const regions = new Set([...config.regions, ...(Object.keys(this.#agreement.regions) as Region[])]);
    return JSON.stringify([...regions].map((region) => ({ ...this.#stateIn(region), version: 0 })));
  }

  #stateIn(region: Region): BreakerState {
    const { phase } = breakerFor(this.#agreement, region);
    const { verdicts, globalVerdict, version } = this.#history;
    return {
      version,
      breaker: phase,
      admission: phase === "closed" ? admissionIn(this.#agreement, region) : 1,
      verdict: verdictIn(verdicts[region] ?? "unknown", globalVerdict),
    };
  }

  /** Everybody who must hear of a change: one hub a region, and the others that have called. */
  #hubs(): HubName[] {
    return [...new Set([...config.regions, ...this.#history.shards])];
  }

  #meet(hub: HubName): void {
    if (this.#hubs().includes(hub)) return;
    this.#history = { ...this.#history, shards: [...this.#history.shards, hub] };
    this.#save();
  }

  /** Tells hubs what holds in their region. One that can't be reached is tried again until it can. */
  async #push(hubs: readonly HubName[]): Promise<void> {
    const acknowledged = await askHubs(hubs, PUSH_MS, async (name) => {
      const state = this.#stateIn(regionOf(name));
      const answer = await this.hub(name).push({ section: "origins", origin: this.#origin, state });
      return { pushed: state.version, has: answer.version };
    });
    this.#unreached = new Set([
      ...[...this.#unreached].filter((name) => !acknowledged.has(name)),
      ...hubs.filter((name) => !acknowledged.has(name)),
    ]);
    const ahead = Math.max(
      ...[...acknowledged.values()].filter(({ pushed, has }) => has > pushed).map(({ has }) => has),
    );
    if (ahead > this.#history.version) {
      // A write that failed before an eviction took our last versions along: go on above what hubs have seen.
      this.#history = { ...this.#history, version: ahead + 1 };
      this.ctx.waitUntil(this.#push(this.#hubs()));
    }
    this.#save();
  }

  /** Asks the regions that are not open whether they have traffic there, and opens the world if most are open. */
  async #judgeWorld(): Promise<void> {
    this.#judgeAgain = true;
    if (this.#judging) return;
    this.#judging = true;
    try {
      while (this.#judgeAgain) {
        this.#judgeAgain = false;
        const ejected = ejectedRegions(this.#agreement);
        if (ejected.length === 0) continue;
        const witnesses = await askHubs(
          this.#hubs().filter((name) => !ejected.includes(regionOf(name))),
          WITNESS_MS,
          (name) => this.hub(name).witness(this.#origin),
        );
        const { regions, askAgainMs } = quorumOf(
          [...witnesses].map(([name, witness]) => [regionOf(name), witness] as const),
        );
        this.#become(judgeWorld(this.#agreement, regions, this.#rules, moment()));
        if (askAgainMs > 0 && this.#agreement.world.phase === "closed") this.#judgeLater("world", askAgainMs);
      }
    } finally {
      this.#judging = false;
    }
  }

  /** Hubs that have just begun to listen are asked again when they have listened. An eviction forgets it: the next change asks. */
  #judgeLater(what: "world" | "health", askAgainMs: number): void {
    if (this.#waiting.has(what)) return;
    this.#waiting.add(what);
    const judge = async () => {
      await scheduler.wait(Math.min(LISTEN_MS, askAgainMs));
      this.#waiting.delete(what);
      await (what === "world" ? this.#judgeWorld() : this.#judgeHealth());
    };
    this.ctx.waitUntil(judge());
  }

  /** Asks the hubs again, and takes the quorum's word. */
  async #judgeHealth(): Promise<void> {
    const witnesses = await askHubs(this.#hubs(), WITNESS_MS, (name) => this.hub(name).witness(this.#origin));
    const said = [...witnesses].map(([name, witness]) => [regionOf(name), witness] as const);
    const { votes, askAgainMs } = pollOf(this.#history.verdicts, said);
    const verdict = globalVerdict(votes);
    if (verdict === this.#history.globalVerdict) return;
    if (askAgainMs > 0) return this.#judgeLater("health", askAgainMs);
    const agreeing = [...votes].filter(([, vote]) => vote === verdict).map(([region]) => region);
    const reason = `${agreeing.length} of ${votes.size} regions say so: ${agreeing.join(", ")}`;
    const isNews = verdict === "down" || this.#history.globalVerdict === "down";
    const changes = isNews ? [{ atMs: Date.now(), scope: "world" as const, verdict, reason }] : [];
    this.#become(this.#agreement, {
      globalVerdict: verdict,
      healthChanges: kept(this.#history.healthChanges, changes),
    });
  }

  #storable(agreement: OriginAgreement): StoredAgreement | null {
    const stored = storedPart(agreement);
    if (this.#unreached.size === 0 && isUneventful(stored, this.#rules, Date.now())) return null;
    return { agreement: stored, unreached: [...this.#unreached] };
  }

  #save(): void {
    this.#store.save("agreement", this.#storable(this.#agreement));
    this.#store.save("history", this.#history === NO_HISTORY ? null : this.#history);
    this.#setAlarm();
  }

  /** Wakes up when something is due, to try pushes again, and to clean up once all is well. */
  #setAlarm(): void {
    const nowMs = Date.now();
    const cleansUp = this.#store.has("agreement") && isClosedEverywhere(this.#agreement);
    const repushMs = this.#unreached.size > 0 ? nowMs + REPUSH_MS : Infinity;
    const cleanUpMs = cleansUp ? nowMs + this.#rules.breaker.windowSeconds * 1000 : Infinity;
    this.#alarm.want(Math.min(agreementDueMs(this.#agreement, this.#rules), repushMs, cleanUpMs), nowMs);
  }
}

/** The clock and the dice of this moment. */
function moment() {
  return { nowMs: Date.now(), random: Math.random };
}
