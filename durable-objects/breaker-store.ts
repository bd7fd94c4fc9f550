/**
 * What an origin's breaker keeps in storage: nothing while all is well; the agreement while it says anything; the history
 * once there is any. Counts are not stored: an eviction takes longer than they are good for.
 */
import type { HubName, Introduction } from "../src/agreement/protocol.ts";
import type { OriginAgreement } from "../src/resilience/origin-agreement.ts";
import type { OriginHistory } from "../src/resilience/origin-history.ts";
import { logError } from "../src/telemetry/log.ts";

export interface StoredAgreement {
  readonly agreement: OriginAgreement;
  /** Hubs that have not got the last change. */
  readonly unreached: readonly HubName[];
}

export interface BreakerRows {
  agreement: StoredAgreement;
  history: OriginHistory;
  /** Of an origin that was added at runtime. */
  introduction: Introduction;
}

type Kv = Pick<SyncKvStorage, "get" | "put" | "delete">;

export class BreakerStore {
  readonly #kv: Kv;
  /** As it is in storage, so that nothing is written that is there already: a write is a row. */
  readonly #written = new Map<keyof BreakerRows, string>();

  constructor(kv: Kv) {
    this.#kv = kv;
  }

  load<Key extends keyof BreakerRows>(key: Key): BreakerRows[Key] | null {
    const json = this.#kv.get<string>(key);
    if (json === undefined) return null;
    this.#written.set(key, json);
    return JSON.parse(json) as BreakerRows[Key];
  }

  /** Whether there is such a row. */
  has(key: keyof BreakerRows): boolean {
    return this.#written.has(key);
  }

  /**
   * Writes what changed; null: nothing worth a row.
   *
   * @returns false when it could not be written; what is in memory holds all the same, and the next change tries again
   */
  save<Key extends keyof BreakerRows>(key: Key, value: BreakerRows[Key] | null): boolean {
    const json = value === null ? null : JSON.stringify(value);
    if (json === (this.#written.get(key) ?? null)) return true;
    try {
      if (json === null) {
        this.#kv.delete(key);
        this.#written.delete(key);
      } else {
        this.#kv.put(key, json);
        this.#written.set(key, json);
      }
      return true;
    } catch (error) {
      logError(`breaker: ${key} not stored`, error);
      return false;
    }
  }
}
