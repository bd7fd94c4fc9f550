/** What this isolate remembers of the keys of one limit, and how it asks the `RateLimiter` of one. */
import { nameDigest } from "../config/digest.ts";
import { IsolateClock } from "../rate-limit/isolate-clock.ts";
import { KeyLease } from "../rate-limit/key-lease.ts";
import { KeyMemory } from "../rate-limit/key-memory.ts";
import { limiterText } from "../rate-limit/limiter-name.ts";
import type { LimiterForIsolates, TakeAnswer, TakeRequest } from "../rate-limit/messages.ts";
import { within } from "../within.ts";
import type { Background, Reservation } from "./limit-counter.ts";

/** The Durable Objects, one a key: what of their namespace is used. */
export interface Limiters {
  getByName(name: string): LimiterForIsolates;
}

/** Keys remembered at most by each limit; about 1 KiB each at worst. */
const MOST_KEYS = 10_000;

/** A limiter that did not answer is left alone for so long. */
const AWAY_MS = 1_000;

/** One clock for the whole isolate: whichever request looks, a step back ends every lease. */
export const clock = new IsolateClock();

/** One key as this isolate knows it. */
export interface KnownKey {
  readonly lease: KeyLease;
  /** Name of its `RateLimiter`, once it was needed. */
  objectName: string | null;
  /** Whether a call for a slice is under way, how many there have been, and how many were answered. */
  fetching: boolean;
  fetches: number;
  answers: number;
  /** Requests that wait for that call. Each made its own promise: a promise of another request must not be awaited. */
  waiting: (() => void)[];
  waitingUnits: number;
  awayUntilMs: number;
}

/** Which key a call is about, and who holds on to it. */
export interface Asked {
  readonly known: KnownKey;
  readonly key: string;
  readonly background: Background;
}

export class LimitMemory {
  readonly #keys = new KeyMemory<KnownKey>(MOST_KEYS);
  readonly #limiters: Limiters;
  readonly #scope: string;
  readonly #timeoutMs: number;

  /** @param scope what `limiterScope` says */
  constructor(limiters: Limiters, scope: string, timeoutMs: number) {
    this.#limiters = limiters;
    this.#scope = scope;
    this.#timeoutMs = timeoutMs;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  use(key: string): KnownKey {
    return this.#keys.use(key, () => ({
      lease: new KeyLease(),
      objectName: null,
      fetching: false,
      fetches: 0,
      answers: 0,
      waiting: [],
      waitingUnits: 0,
      awayUntilMs: 0,
    }));
  }

  /** The refusal that is remembered of a key, by `Counter.refusedAlready`'s rules. */
  refusal(key: string, units: number): Reservation | null {
    const lease = this.#keys.peek(key)?.lease;
    if (lease === undefined) return null;
    clock.look(Date.now());
    return lease.isBlocked(units, clock) ? standing(lease, "refused") : null;
  }

  /** Forgets the refusal of the key that has this limiter. */
  forgive(limiter: string): void {
    for (const { objectName, lease } of this.#keys.values()) if (objectName === limiter) lease.unblock();
  }

  /**
   * Asks once. No call is repeated: an overloaded object is not helped by more calls.
   *
   * @param late    takes an answer that came after its time
   * @returns null when no answer came in time; the limiter is then left alone for a second
   */
  async take(
    { known, key, background }: Asked,
    request: TakeRequest,
    late: (answer: TakeAnswer) => void,
  ): Promise<TakeAnswer | null> {
    const call = this.#limiter(known, key).then((limiter) => limiter.take(request));
    const answer = await within(this.#timeoutMs, call).catch(() => null);
    clock.look(Date.now());
    if (answer !== null) return answer;
    known.awayUntilMs = clock.nowMs + AWAY_MS;
    background.waitUntil(call.then(late, () => undefined));
    return null;
  }

  /** Gives back; nobody waits for it, and what is lost on the way runs out by itself. */
  async giveBack({ known, key }: Asked, done: TakeRequest["done"], refunds: readonly string[]): Promise<void> {
    try {
      await (await this.#limiter(known, key)).giveBack(done, refunds);
    } catch {
      known.awayUntilMs = Date.now() + AWAY_MS;
    }
  }

  async #limiter(known: KnownKey, key: string): Promise<LimiterForIsolates> {
    known.objectName ??= await nameDigest(limiterText(this.#scope, key));
    return this.#limiters.getByName(known.objectName);
  }
}

/** A reservation that holds nothing, with what is known of the key. */
export function standing(lease: KeyLease, verdict: Reservation["verdict"]): Reservation {
  const retryMs = verdict === "refused" ? lease.blockedMs(clock) : 0;
  return {
    verdict,
    retryMs,
    remaining: lease.remaining(clock),
    resetMs: lease.resetMs(clock),
    undo: null,
    end: null,
  };
}
