/** Remembers a bounded number of keys, such that a flood of new ones does not drive out those in use. */

/**
 * Two generations, each least recently used first: a key starts on trial and is kept when it comes a second time. Keys that
 * never come back only push each other out.
 */
export class KeyMemory<T> {
  readonly #trial = new Map<string, T>();
  readonly #kept = new Map<string, T>();
  readonly #capacity: number;

  /** @param capacity keys remembered at most, half of them on trial; >= 2 */
  constructor(capacity: number) {
    this.#capacity = Math.floor(capacity / 2);
  }

  get size(): number {
    return this.#trial.size + this.#kept.size;
  }

  /** What is remembered of the key, made by `create` if nothing is; counts as a use. */
  use(key: string, create: () => T): T {
    const kept = this.#kept.get(key);
    if (kept !== undefined) return promote(this.#kept, key, kept);
    const tried = this.#trial.get(key);
    if (tried === undefined) {
      const made = create();
      this.#trial.set(key, made);
      dropOldest(this.#trial, this.#capacity);
      return made;
    }
    this.#trial.delete(key);
    this.#kept.set(key, tried);
    const demoted = dropOldest(this.#kept, this.#capacity);
    if (demoted !== null) this.#trial.set(...demoted);
    return tried;
  }

  /** What is remembered of the key; no use of it. */
  peek(key: string): T | undefined {
    return this.#kept.get(key) ?? this.#trial.get(key);
  }

  /** What is remembered of every key, in no order. */
  *values(): Generator<T> {
    yield* this.#kept.values();
    yield* this.#trial.values();
  }

  /** Forgets the key. */
  delete(key: string): void {
    this.#kept.delete(key);
    this.#trial.delete(key);
  }
}

function promote<T>(map: Map<string, T>, key: string, value: T): T {
  map.delete(key);
  map.set(key, value);
  return value;
}

function dropOldest<T>(map: Map<string, T>, capacity: number): [string, T] | null {
  if (map.size <= capacity) return null;
  for (const oldest of map) {
    map.delete(oldest[0]);
    return oldest;
  }
  return null;
}
