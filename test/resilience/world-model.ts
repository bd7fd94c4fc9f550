/**
 * A planet that starts, in virtual time, with the real rules: hubs that come up and restart, isolates that come one by
 * one, and an origin that fails for some regions. When does it open for the world, and was that right?
 */
import { breakerSchema, rampSchema } from "../../src/config/breaker.ts";
import type { OriginReport, Witness, WindowCounts } from "../../src/agreement/protocol.ts";
import type { Region } from "../../src/config/region.ts";
import {
  hear,
  newListening,
  quorumOf,
  unheardForMs,
  type Listening,
  type Quorum,
} from "../../src/resilience/listening.ts";
import {
  ejectedRegions,
  FRESH_AGREEMENT,
  judgeWorld,
  recordRegion,
  type OriginAgreement,
} from "../../src/resilience/origin-agreement.ts";
import {
  noEvidence,
  owedToBreaker,
  recentTraffic,
  takeOriginReport,
  type RegionEvidence,
} from "../../src/resilience/region-evidence.ts";
import { Machine, newWorld, NO_FAULTS, runUntil, type World } from "../agreement/model/world.ts";

const REGIONS: readonly Region[] = ["enam", "wnam", "weur", "apac", "oc"];
const RULES = { breaker: breakerSchema.parse({}), ramp: rampSchema.parse({}) };
const WINDOW_MS = RULES.breaker.windowSeconds * 1000;
const HOLD_MS = 2_000;
const URGENT_MS = 100;
/** From one answer to the origin's next one, in one isolate. */
const REQUEST_EVERY_MS = 40;

export interface WorldOptions {
  /** How many regions get isolates, and for how many of them the origin fails. */
  readonly busy: number;
  readonly failing: number;
  readonly durationMs: number;
  readonly random: () => number;
  /** Which regions count, from what hubs say. Default: the real rule. */
  readonly quorum?: (said: readonly (readonly [Region, Witness])[]) => Quorum;
}

export interface WorldTally {
  /** When the origin opened for the world, ms since the planet started; null: never. */
  readonly openedMs: number | null;
  /** Regions open then, and regions whose isolates had called their hub by the time hubs were asked: all of them use the origin. */
  readonly open: number;
  readonly withTraffic: number;
}

class Hub extends Machine {
  readonly region: Region;
  readonly breaker: Breaker;
  readonly evidence: RegionEvidence = noEvidence();
  readonly listening: Listening;

  constructor(world: World, region: Region, breaker: Breaker, hasIsolates: boolean) {
    super(world, region);
    this.region = region;
    this.breaker = breaker;
    this.listening = newListening(hasIsolates, world.nowMs);
  }

  onReport(isolate: string, report: OriginReport | null): void {
    const { nowMs } = this.world;
    if (report === null) return;
    takeOriginReport(this.evidence, isolate, report, WINDOW_MS, nowMs);
    const counts = owedToBreaker(this.evidence, false, WINDOW_MS, nowMs);
    if (counts !== null) this.send(this.breaker, () => this.breaker.onRecord(this.region, counts));
  }

  witness(): Witness {
    const { nowMs } = this.world;
    const traffic = recentTraffic(this.evidence, WINDOW_MS, nowMs);
    return { ...traffic, verdict: "unknown", unheardForMs: unheardForMs(this.listening, nowMs) };
  }
}

class Breaker extends Machine {
  agreement: OriginAgreement = FRESH_AGREEMENT;
  readonly planet: { readonly hubs: readonly Hub[] };
  readonly quorum: NonNullable<WorldOptions["quorum"]>;
  readonly onOpen: (askedMs: number) => void;
  #isWaiting = false;

  constructor(world: World, planet: { hubs: readonly Hub[] }, quorum: Breaker["quorum"], onOpen: Breaker["onOpen"]) {
    super(world, "breaker");
    this.planet = planet;
    this.quorum = quorum;
    this.onOpen = onOpen;
  }

  onRecord(region: Region, counts: WindowCounts): void {
    const before = ejectedRegions(this.agreement).length;
    this.agreement = recordRegion(this.agreement, region, counts, RULES, this.#moment());
    if (ejectedRegions(this.agreement).length > before) this.#ask();
  }

  #ask(): void {
    const ejected = ejectedRegions(this.agreement);
    const asked = this.planet.hubs.filter(({ region }) => !ejected.includes(region));
    const askedMs = this.world.nowMs;
    const said: [Region, Witness][] = [];
    // A call to an object that restarts meanwhile is answered by its next instance.
    for (const { region } of asked)
      this.send(this, () => said.push([region, this.planet.hubs.find((hub) => hub.region === region)!.witness()]));
    // Messages take 61 ms at most; the shell waits 400 ms for an answer.
    this.after(200, () => this.#judge(said, askedMs));
  }

  #judge(said: readonly (readonly [Region, Witness])[], askedMs: number): void {
    const { regions, askAgainMs } = this.quorum(said);
    if (this.agreement.world.phase !== "closed") return;
    const next = judgeWorld(this.agreement, regions, RULES, this.#moment());
    if (next.world.phase !== "closed") this.onOpen(askedMs);
    else if (askAgainMs > 0 && !this.#isWaiting) {
      this.#isWaiting = true;
      this.after(askAgainMs, () => {
        this.#isWaiting = false;
        this.#ask();
      });
    }
    this.agreement = next;
  }

  #moment() {
    return { nowMs: this.world.nowMs, random: this.world.random };
  }
}

/** One isolate: requests to the origin, a held call that ends every two seconds, and a word at once when one failed. */
class Isolate extends Machine {
  readonly hubOf: () => Hub;
  readonly fails: boolean;
  /** When its region's hub first heard of it. */
  calledMs = Infinity;
  #seen = { successes: 0, failures: 0 };
  #run = 0;
  #urgentMs = -Infinity;

  constructor(world: World, name: string, hubOf: () => Hub, fails: boolean) {
    super(world, name);
    this.hubOf = hubOf;
    this.fails = fails;
  }

  begin(): void {
    this.#sync();
    this.#request();
  }

  #request(): void {
    if (this.fails) {
      this.#seen.failures++;
      this.#run++;
      if (this.world.nowMs - this.#urgentMs >= URGENT_MS) {
        this.#urgentMs = this.world.nowMs;
        this.#report(false);
      }
    } else this.#seen.successes++;
    this.after(REQUEST_EVERY_MS, () => this.#request());
  }

  /** The first call is answered at once; each later one takes up what was seen and is held. */
  #sync(): void {
    this.#report(true);
    this.after(this.calledMs < Infinity ? HOLD_MS : 100, () => this.#sync());
  }

  #report(isSync: boolean): void {
    const { successes, failures } = this.#seen;
    this.#seen = { successes: 0, failures: 0 };
    const report: OriginReport = {
      successes,
      failures,
      connectionFailures: 0,
      timeouts: 0,
      slow: 0,
      failureRun: this.#run,
      longestFailureRun: this.#run,
      panics: 0,
      latency: { samples: successes, sumMs: successes * 10, maxMs: 10 },
      sent: 0,
      wanted: 0,
      inFlight: 0,
    };
    const hub = this.hubOf();
    this.send(hub, () => {
      if (isSync) {
        hear(hub.listening, this.world.nowMs);
        this.calledMs = Math.min(this.calledMs, this.world.nowMs);
      }
      hub.onReport(this.place, successes + failures === 0 ? null : report);
    });
  }
}

/** Plays one planet: isolates come within the first four seconds, hubs restart now and then. */
export function playWorld({ busy, failing, durationMs, random, quorum = quorumOf }: WorldOptions): WorldTally {
  const world = newWorld(random, NO_FAULTS);
  const isolates: Isolate[] = [];
  const planet: { hubs: Hub[] } = { hubs: [] };
  let tally: WorldTally = { openedMs: null, open: 0, withTraffic: 0 };
  const breaker = new Breaker(world, planet, quorum, (askedMs) => {
    const heard = new Set(isolates.filter(({ calledMs }) => calledMs <= askedMs).map(({ hubOf }) => hubOf().region));
    tally = { openedMs: world.nowMs, open: ejectedRegions(breaker.agreement).length, withTraffic: heard.size };
  });
  planet.hubs = REGIONS.map((region) => new Hub(world, region, breaker, false));
  REGIONS.slice(0, busy).forEach((_, index) => {
    const hubOf = () => planet.hubs[index]!;
    for (let i = 0; i < 2; i++) {
      const isolate = new Isolate(world, `${index}/${i}`, hubOf, index < failing);
      isolates.push(isolate);
      isolate.after(random() * 4_000, () => isolate.begin());
    }
  });
  const restart = () => {
    const index = Math.floor(random() * REGIONS.length);
    const old = planet.hubs[index]!;
    old.isAlive = false;
    planet.hubs[index] = new Hub(world, old.region, breaker, old.listening.heardMs > -Infinity);
    breaker.after(500 + random() * 5_000, restart);
  };
  breaker.after(500 + random() * 5_000, restart);
  while (world.nowMs < durationMs && tally.openedMs === null) runUntil(world, world.nowMs + 100);
  return tally;
}
