/** What a service's cache keeps in an isolate: compiled rules and keys, the stores, fetches under way. */
import { edgeStore, type PlatformCache } from "../cache/edge-store.ts";
import type { Policy } from "../cache/freshness.ts";
import { compileKey, compileTarget, type KeyMaker } from "../cache/key.ts";
import { MemoryStore, type MemoryEntry } from "../cache/memory-store.ts";
import { PurgeIndex } from "../cache/purge-index.ts";
import { hostOf } from "../cache/purge-fold.ts";
import { compileRules, type RuleFinder } from "../cache/rule.ts";
import type { CacheStore } from "../cache/store.ts";
import type { PurgeMark } from "../agreement/purge-mark.ts";
import type { SectionState } from "../agreement/section.ts";
import type { CacheConfig, CacheRule } from "../config/cache.ts";
import { comparablePath } from "./address.ts";
import { Flights } from "./cache-flights.ts";

/** What is worked out once for a stored response and used by every hit. */
export interface Derived {
  readonly policy: Policy;
  /** Ready to send; `Age` and what follows from it are brought up to date when a second has passed. */
  readonly headers: Headers;
  /** The age that `headers` tell, in seconds. */
  ageSeconds: number;
  /** The purge epoch up to which this entry was found not purged. */
  clearedAt: number;
}

export type Entry = MemoryEntry<Derived>;

export interface ServiceCache {
  readonly service: string;
  readonly config: CacheConfig;
  readonly ruleFor: RuleFinder;
  keyOf(rule: CacheRule): KeyMaker;
  readonly memory: MemoryStore<Derived>;
  readonly edge: CacheStore;
  readonly flights: Flights;
  /** A view's purges, ready to be asked. */
  purges(section: SectionState<PurgeMark>): PurgeIndex;
}

/**
 * Sets a service's cache up, once an isolate.
 *
 * @param platform the platform's cache, asked for at each use
 * @returns null for a service without rules, whose requests then pay nothing for a cache
 */
export function makeServiceCache(
  service: string,
  config: CacheConfig,
  platform: () => PlatformCache | Promise<PlatformCache>,
): ServiceCache | null {
  if (config.rules.length === 0) return null;
  const keys = new Map(config.rules.map((rule) => [rule, compileKey(service, rule.key)]));
  const ruleFor = compileRules(config);
  const targets = new Map(config.rules.map((rule) => [rule, compileTarget(rule.key)]));
  const targetOf = (target: string) => {
    const pathAt = target.search(/[/?]|$/);
    const path = target.slice(pathAt).split("?", 1)[0]!;
    const rule = ruleFor("GET", hostOf(target), comparablePath(path === "" ? "/" : path));
    return rule === null ? target : targets.get(rule)!(`://${target}`);
  };
  // An isolate may have a view a region; in production it has one.
  const indexes = new WeakMap<SectionState<PurgeMark>, PurgeIndex>();
  return {
    service,
    config,
    ruleFor,
    keyOf: (rule) => keys.get(rule)!,
    memory: new MemoryStore(config.memory.maxBytes, config.memory.maxObjectBytes),
    edge: edgeStore(platform),
    flights: new Flights(),
    purges(section) {
      const known = indexes.get(section);
      const index = known ?? new PurgeIndex(service, targetOf);
      if (known === undefined) indexes.set(section, index);
      index.update(section);
      return index;
    },
  };
}
