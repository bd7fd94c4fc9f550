/** Fetches under way, so that requests for the same missing answer wait for one, and keys for which waiting is no use. */
import type { Failure } from "./failure.ts";

/** What a fetch came to, for those who waited. */
export type Landing<E> =
  | { readonly kind: "stored"; readonly entry: E }
  /** The answer is for its requester alone, or too large to share: each fetches its own. */
  | { readonly kind: "unshared" }
  | { readonly kind: "failed"; readonly failure: Failure };

type Waiter<E> = (landing: Landing<E>) => void;

interface Flight<E> {
  readonly startedMs: number;
  readonly waiters: Set<Waiter<E>>;
}

/** How long a key whose answer could not be shared is fetched without waiting, ms. */
const UNSHARED_MS = 10_000;
const MAX_UNSHARED = 10_000;
/** A fetch older than this is not waited for: whoever began it may be gone. */
const STALE_FLIGHT_MS = 60_000;

export class Flights<E = unknown> {
  readonly #flights = new Map<string, Flight<E>>();
  /** When each key's mark ends, ms; oldest first. */
  readonly #unshared = new Map<string, number>();

  /**
   * Begins a fetch that others may wait for.
   *
   * @returns what to call when it has landed, or null when one is under way already
   */
  begin(key: string, nowMs: number): ((landing: Landing<E>) => void) | null {
    const current = this.#flights.get(key);
    if (current !== undefined && nowMs - current.startedMs < STALE_FLIGHT_MS) return null;
    const flight: Flight<E> = { startedMs: nowMs, waiters: new Set() };
    this.#flights.set(key, flight);
    return (landing) => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
      for (const waiter of flight.waiters) waiter(landing);
      flight.waiters.clear();
    };
  }

  /**
   * Waits for a fetch under way. The promise is the waiter's own: one that belongs to another request would bring its
   * continuation into that request's context, where the platform forbids this one's I/O.
   *
   * @returns null when it takes longer than `timeoutMs`, or there is none
   */
  wait(key: string, timeoutMs: number): Promise<Landing<E> | null> {
    const flight = this.#flights.get(key);
    if (flight === undefined) return Promise.resolve(null);
    return new Promise((resolve) => {
      const waiter: Waiter<E> = (landing) => {
        clearTimeout(timer);
        resolve(landing);
      };
      const timer = setTimeout(() => {
        flight.waiters.delete(waiter);
        resolve(null);
      }, timeoutMs);
      flight.waiters.add(waiter);
    });
  }

  isUnderWay(key: string): boolean {
    return this.#flights.has(key);
  }

  /** Remembers that waiting for this key is no use for a while. */
  markUnshared(key: string, nowMs: number): void {
    this.#unshared.delete(key);
    this.#unshared.set(key, nowMs + UNSHARED_MS);
    if (this.#unshared.size > MAX_UNSHARED) this.#unshared.delete(this.#unshared.keys().next().value!);
  }

  isUnshared(key: string, nowMs: number): boolean {
    const untilMs = this.#unshared.get(key);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#unshared.delete(key);
    return false;
  }
}
