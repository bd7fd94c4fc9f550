/** Scenarios played with the model: a planet with every fault, and a calm one that measures how long `confirm` takes. */
import type { Region } from "../../../src/config/region.ts";
import { LOGGED_SECTIONS } from "../../../src/agreement/protocol.ts";
import { Control, Hub, Isolate, newControlStorage, type HubStorage, type Promised } from "./actors.ts";
import { REAL, type Rules } from "./rules.ts";
import { cutKey, newWorld, NO_FAULTS, runUntil, type Faults, type World } from "./world.ts";

const REGIONS: readonly Region[] = ["enam", "weur", "apac"];

export const EVERY_FAULT: Faults = { loss: 0.03, double: 0.03, late: 0.02 };

interface Site {
  readonly region: Region;
  readonly storage: HubStorage;
  hub: Hub;
  /** A superseded instance that still serves some isolates, or null. */
  doubled: Hub | null;
}

export class Planet {
  readonly world: World;
  readonly rules: Rules;
  readonly promised: Promised = { overrides: 0, purges: 0, flags: 0, sessions: 0 };
  readonly sites: Site[];
  readonly isolates: Isolate[] = [];
  readonly #storage = newControlStorage();
  control: Control;
  #born = 0;

  constructor(random: () => number, faults: Faults, rules: Rules, isolatesPerRegion: number) {
    this.world = newWorld(random, faults);
    this.rules = rules;
    this.control = this.#newControl();
    this.sites = REGIONS.map((region) => {
      const storage = { leasesEndByMs: 0, instances: 0 };
      return { region, storage, hub: this.#newHub(region, storage), doubled: null };
    });
    for (const site of this.sites)
      for (let i = 0; i < isolatesPerRegion; i++) this.isolates.push(this.#newIsolate(site));
  }

  #newControl(): Control {
    const hubNamed = (name: string) => {
      const site = this.sites.find(({ region }) => region === name)!;
      // A message to a doubled object may reach either.
      return site.doubled !== null && this.world.random() < 0.3 ? site.doubled : site.hub;
    };
    return new Control(this.world, this.rules, this.#storage, hubNamed);
  }

  #newHub(region: Region, storage: HubStorage): Hub {
    return new Hub(this.world, region, this.rules, storage, () => this.control);
  }

  #newIsolate(site: Site): Isolate {
    const name = `${site.region}/${this.#born++}`;
    const prefersOld = this.world.random() < 0.5;
    return new Isolate(this.world, site.region, name, this.rules, () =>
      prefersOld && site.doubled !== null ? site.doubled : site.hub,
    );
  }

  replaceIsolate(index: number): void {
    const old = this.isolates[index]!;
    old.isAlive = false;
    this.isolates[index] = this.#newIsolate(this.sites.find(({ region }) => region === old.view.region)!);
  }

  restartHub(site: Site): void {
    site.hub.isAlive = false;
    site.hub = this.#newHub(site.region, site.storage);
  }

  /** A second instance starts while the first still runs, cut off from everybody who did not stay with it. */
  doubleHub(site: Site): void {
    if (site.doubled !== null) return;
    const old = site.hub;
    site.doubled = old;
    site.hub = this.#newHub(site.region, site.storage);
    this.after(60_000, () => {
      old.isAlive = false;
      if (site.doubled === old) site.doubled = null;
    });
  }

  restartControl(): void {
    this.control.isAlive = false;
    this.control = this.#newControl();
  }

  cut(a: string, b: string, ms: number): void {
    this.world.cuts.add(cutKey(a, b));
    this.after(ms, () => this.world.cuts.delete(cutKey(a, b)));
  }

  after(ms: number, run: () => void): void {
    this.world.queue.push(this.world.nowMs + ms, run);
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.world.random() * items.length)]!;
  }
}

export interface Tally {
  /** Decisions made under a lease. */
  readonly decisions: number;
  readonly withoutLease: number;
  readonly stale: number;
  readonly changes: number;
  readonly confirmed: number;
  /** Changes whose confirmation took longer than one lease and its margins. */
  readonly slow: number;
}

/**
 * Plays a planet with every fault there is.
 *
 * @param decisions how many decisions under a lease to judge; the first stale one ends it
 * @param loosened rules to put in place of the real ones
 */
export function playFaults(decisions: number, random: () => number, loosened: Partial<Rules> = {}): Tally {
  const planet = new Planet(random, EVERY_FAULT, { ...REAL, ...loosened }, 10);
  const { world } = planet;
  const tally = { decisions: 0, withoutLease: 0, stale: 0, changes: 0, confirmed: 0, slow: 0 };

  const change = () => {
    const section = planet.pick(LOGGED_SECTIONS);
    const { control } = planet;
    const version = control.append(section, `key ${Math.floor(random() * 20)}`);
    const startedMs = world.nowMs;
    tally.changes++;
    control.confirm(section, version, () => {
      tally.confirmed++;
      if (world.nowMs - startedMs > 8_000) tally.slow++;
      planet.promised[section] = Math.max(planet.promised[section], version);
    });
    planet.after(500 + random() * 4_000, change);
  };
  const fault = () => {
    strike(planet);
    planet.after(500 + random() * 12_000, fault);
  };
  planet.after(10_000, change);
  planet.after(15_000, fault);

  // Two thirds of the isolates are busy at any time; who is idle changes every few seconds.
  while (tally.decisions < decisions && tally.stale === 0) {
    runUntil(world, world.nowMs + 6 * random());
    const index = Math.floor(random() * planet.isolates.length);
    const isIdle = (index * 7 + Math.floor(world.nowMs / 9_000)) % 3 === 0;
    if (isIdle && random() < 0.97) continue;
    const verdict = planet.isolates[index]!.decide(planet.promised);
    if (verdict === "no lease") tally.withoutLease++;
    else tally.decisions++;
    if (verdict === "stale") tally.stale++;
  }
  return tally;
}

const FAULTS: readonly ((planet: Planet) => void)[] = [
  (planet) => planet.restartHub(planet.pick(planet.sites)),
  (planet) => planet.doubleHub(planet.pick(planet.sites)),
  (planet) => planet.restartControl(),
  (planet) => planet.replaceIsolate(Math.floor(planet.world.random() * planet.isolates.length)),
  (planet) => {
    for (const isolate of planet.isolates) if (planet.world.random() < 0.3) step(planet, isolate);
  },
  (planet) => step(planet, planet.pick(planet.sites).hub),
  (planet) => step(planet, planet.control),
  (planet) => planet.cut(planet.pick(planet.sites).region, "control", planet.world.random() * 60_000),
  (planet) => {
    const isolate = planet.pick(planet.isolates);
    planet.cut(isolate.place, isolate.view.region, planet.world.random() * 15_000);
  },
];

/** Something goes wrong somewhere. */
export function strike(planet: Planet): void {
  planet.pick(FAULTS)(planet);
}

/** A clock steps by anything from a second to a minute, in either direction. */
function step({ world }: Planet, machine: { offsetMs: number }): void {
  machine.offsetMs += (world.random() < 0.5 ? -1 : 1) * 10 ** (3 + world.random() * 1.8);
}

/**
 * How long `confirm` takes when nothing is lost: most isolates idle, some busy, some dead.
 *
 * @returns ms for each change
 */
export function playCalm(isolates: number, changes: number, random: () => number): number[] {
  const planet = new Planet(random, NO_FAULTS, REAL, Math.ceil(isolates / REGIONS.length));
  const { world } = planet;
  const tookMs: number[] = [];
  const change = () => {
    // Dead ones die just before, holding a lease, and are replaced by nobody until it is over.
    for (let dead = 0; dead < isolates / 20; dead++)
      planet.replaceIsolate(Math.floor(random() * planet.isolates.length));
    const startedMs = world.nowMs;
    const version = planet.control.append("purges", "key");
    planet.control.confirm("purges", version, () => tookMs.push(world.nowMs - startedMs));
  };
  for (let i = 0; i < changes; i++) planet.after(20_000 + i * 15_000, change);
  while (tookMs.length < changes) {
    runUntil(world, world.nowMs + 5);
    // One in ten is busy; the others have a request every minute or so.
    const index = Math.floor(random() * planet.isolates.length);
    if (index % 10 === 0 || random() < 0.005) planet.isolates[index]!.decide(planet.promised);
  }
  return tookMs;
}
