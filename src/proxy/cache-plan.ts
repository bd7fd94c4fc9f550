/** What a service's cache keeps in an isolate: compiled rules and keys, the stores, fetches under way. */
import { edgeStore, type PlatformCache } from "../cache/edge-store.ts";
import type { Policy } from "../cache/freshness.ts";
import { compileKey, compileTarget, type KeyMaker } from "../cache/key.ts";
import { MemoryStore, type MemoryEntry } from "../cache/memory-store.ts";
import { indexPurges, type PurgeIndex } from "../cache/purge.ts";
import { compileRules, type RuleFinder } from "../cache/rule.ts";
import type { CacheStore } from "../cache/store.ts";
import type { PurgeMark } from "../agreement/purge-mark.ts";
import type { CacheConfig, CacheRule } from "../config/cache.ts";
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

/** The purges an isolate knows of, as its view has them. */
export interface PurgeSource {
  readonly version: number;
  marks(): Iterable<PurgeMark>;
}

export interface ServiceCache {
  readonly service: string;
  readonly config: CacheConfig;
  readonly ruleFor: RuleFinder;
  keyOf(rule: CacheRule): KeyMaker;
  readonly memory: MemoryStore<Derived>;
  readonly edge: CacheStore;
  readonly flights: Flights;
  /** The purges of a source, ready to be asked; built anew only when there are new ones. */
  purges(source: PurgeSource): PurgeIndex;
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
  let index: PurgeIndex | null = null;
  return {
    service,
    config,
    ruleFor,
    keyOf: (rule) => keys.get(rule)!,
    memory: new MemoryStore(config.memory.maxBytes, config.memory.maxObjectBytes),
    edge: edgeStore(platform),
    flights: new Flights(),
    purges(source) {
      if (index === null || index.head !== source.version) {
        index = indexPurges(source.version, source.marks(), (target) => {
          const path = target.slice(target.search(/[/?]|$/)).replace(/\?.*$/s, "");
          const rule = ruleFor("GET", target.split(/[/?:]/, 1)[0]!, path);
          return rule === null ? target : targets.get(rule)!(`://${target}`);
        });
      }
      return index;
    },
  };
}
