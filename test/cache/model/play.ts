/** Caches all over a planet with every fault there is, read while their contents change and are purged. */
import { purgeKey } from "../../../src/agreement/purge-mark.ts";
import type { Isolate } from "../../agreement/model/actors.ts";
import { REAL as REAL_AGREEMENT } from "../../agreement/model/rules.ts";
import { EVERY_FAULT, Planet, strike } from "../../agreement/model/scenario.ts";
import { runUntil } from "../../agreement/model/world.ts";
import { ModelCache, type DataCentre, type Read } from "./cache.ts";
import { isAbout, makeThings, purgeOf, type Thing } from "./origin.ts";
import { REAL, type CacheRules } from "./rules.ts";

const THINGS = 200;

export interface CacheTally {
  /** Answered reads, by where the answer came from. */
  readonly reads: Record<Read["from"], number>;
  readonly errors: number;
  /** Answers older than what had been confirmed as purged when the request came in. */
  readonly stale: number;
  readonly purges: number;
  readonly confirmed: number;
  /** Marks that were folded into hashes, at the end. */
  readonly folded: number;
}

/**
 * Plays it.
 *
 * @param reads how many answered reads to judge; the first stale one ends it
 * @param loosened rules to put in place of the real ones
 */
export function playCaches(reads: number, random: () => number, loosened: Partial<CacheRules> = {}): CacheTally {
  const rules = { ...REAL, ...loosened };
  const planet = new Planet(random, EVERY_FAULT, REAL_AGREEMENT, 6);
  const { world } = planet;
  const things = makeThings(THINGS);
  const caches = new WeakMap<Isolate, ModelCache>();
  const dataCentres = new Map<string, DataCentre>(planet.sites.map(({ region }) => [region, new Map()]));
  const tally = {
    reads: { store: 0, confirmed: 0, waited: 0, origin: 0, rescued: 0 },
    errors: 0,
    stale: 0,
    purges: 0,
    confirmed: 0,
    folded: 0,
  };

  // Most reads are of few things; the others lie about until long after they were purged.
  const pickThing = () => things[Math.floor(THINGS * random() ** 4)]!;
  const cacheOf = (isolate: Isolate) => {
    let cache = caches.get(isolate);
    if (cache === undefined) {
      cache = new ModelCache(isolate, dataCentres.get(isolate.view.region)!, rules);
      caches.set(isolate, cache);
    }
    return cache;
  };
  const read = (isolate: Isolate, thing: Thing) => {
    const { promised } = thing;
    isolate.decide(planet.promised);
    cacheOf(isolate).read(thing, ({ version, from }) => {
      if (version === null) tally.errors++;
      else tally.reads[from]++;
      if (version !== null && version < promised) tally.stale++;
    });
  };
  const purge = () => {
    const mark = purgeOf(random() < 0.6 ? pickThing() : planet.pick(things), random);
    const meant = things.filter((thing) => isAbout(mark, thing));
    for (const thing of meant) thing.version++;
    const needed = meant.map((thing) => [thing, thing.version] as const);
    const { control } = planet;
    const entries = rules.entriesOfPurge(control.storage.logged.purges, [{ key: purgeKey(mark), value: mark }]);
    const version = control.write("purges", entries);
    tally.purges++;
    control.confirm("purges", version, () => {
      tally.confirmed++;
      for (const [thing, least] of needed) thing.promised = Math.max(thing.promised, least);
    });
    planet.after(100 + random() * 600, purge);
  };
  const fault = () => {
    strike(planet);
    planet.after(1_000 + random() * 20_000, fault);
  };
  planet.after(10_000, purge);
  planet.after(15_000, fault);

  const answered = () => Object.values(tally.reads).reduce((sum, count) => sum + count, 0);
  while (tally.stale === 0 && answered() < reads) {
    runUntil(world, world.nowMs + 6 * random());
    const isolate = planet.pick(planet.isolates);
    // Now and then several clients want the same thing at once.
    const clients = random() < 0.3 ? 5 : 1;
    const thing = pickThing();
    for (let client = 0; client < clients; client++) read(isolate, thing);
  }
  tally.folded = [...planet.control.storage.logged.purges.entries.values()].filter(
    ({ value }) => value?.kind === "hash",
  ).length;
  return tally;
}
