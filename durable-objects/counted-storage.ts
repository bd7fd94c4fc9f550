/** A Durable Object's storage as a hub uses it, with the rows counted that it writes. */
import { nextAlarmMs } from "./next-alarm.ts";
import type { OriginStore } from "./hub-origins.ts";

/** Rows written since the object started; setting an alarm is one. */
export interface RowCount {
  rowsWritten: number;
}

/** The key-value store, counted. */
export function countedStore(store: OriginStore, count: RowCount): OriginStore {
  return {
    get: store.get.bind(store),
    put(key: string, value: unknown) {
      count.rowsWritten++;
      store.put(key, value);
    },
    delete(key: string) {
      const existed = store.delete(key);
      if (existed) count.rowsWritten++;
      return existed;
    },
  };
}

/** The one alarm a Durable Object has: set when it is wanted and not set already. */
export class CountedAlarm {
  readonly #storage: DurableObjectStorage;
  readonly #count: RowCount;
  #isSet = false;

  constructor(storage: DurableObjectStorage, count: RowCount) {
    this.#storage = storage;
    this.#count = count;
  }

  /** Sets it unless it is set; `atMs` is in ms since the epoch. */
  async want(atMs: number): Promise<void> {
    if (this.#isSet) return;
    this.#isSet = true;
    try {
      // The instance before may have set one.
      if ((await this.#storage.getAlarm()) === null) await this.#set(atMs);
    } catch (error) {
      this.#isSet = false;
      throw error;
    }
  }

  /**
   * It has gone off.
   *
   * @param nextMs when it goes off again, ms since the epoch; null: not before it is wanted
   * @param info   what the platform says of it
   */
  async again(nextMs: number | null, info: AlarmInvocationInfo | undefined): Promise<void> {
    this.#isSet = nextMs !== null;
    if (nextMs !== null) await this.#set(nextAlarmMs(nextMs, Date.now(), info?.scheduledTime));
  }

  #set(atMs: number): Promise<void> {
    this.#count.rowsWritten++;
    return this.#storage.setAlarm(atMs);
  }
}
