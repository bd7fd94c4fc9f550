/** Mode `leased`: requests spend slices this isolate was lent; the next one is fetched before the last runs out. */
import type { Held, KeyLease } from "../rate-limit/key-lease.ts";
import type { Rule } from "../rate-limit/meter.ts";
import type { TakeAnswer } from "../rate-limit/messages.ts";
import { UNANSWERED, type Counter, type Reservation } from "./limit-counter.ts";
import { clock, standing, type Asked, type KnownKey, type LimitMemory } from "./limit-memory.ts";

/** A call as a whole: whose slice, for how much, who holds on to it. */
interface Asking extends Asked {
  readonly memory: LimitMemory;
  readonly units: number;
  readonly rule: Rule;
}

export function leasedCounter(memory: LimitMemory): Counter {
  return {
    refusedAlready: (key, units) => memory.refusal(key, units),
    forgive: (limiter) => memory.forgive(limiter),
    reserve(key, units, rule, background) {
      clock.look(Date.now());
      const known = memory.use(key);
      known.lease.want(units, clock);
      const spent = known.lease.spend(units, clock);
      if (spent === "blocked") return standing(known.lease, "refused");
      const isAway = clock.nowMs < known.awayUntilMs;
      if (spent === "empty") return isAway ? UNANSWERED : waitForSlice({ memory, known, key, units, rule, background });
      if (!known.fetching && !isAway && known.lease.runsLow(clock))
        fetchSlice({ memory, known, key, units, rule, background });
      return new Spent(known.lease, spent, units);
    },
  };
}

/** One call serves everybody who waits; a slice too small for all of them is followed by another. */
async function waitForSlice(asking: Asking): Promise<Reservation> {
  const { known, memory, units } = asking;
  const untilMs = clock.nowMs + memory.timeoutMs;
  const { answers } = known;
  known.waitingUnits += units;
  try {
    for (;;) {
      if (!known.fetching) fetchSlice(asking);
      await nextAnswer(known, untilMs - clock.nowMs);
      clock.look(Date.now());
      const spent = known.lease.spend(units, clock);
      if (spent === "blocked") return standing(known.lease, "refused");
      if (spent !== "empty") return new Spent(known.lease, spent, units);
      if (clock.nowMs < known.awayUntilMs) return UNANSWERED;
      // A limiter that answers, but not with enough for everybody, is no reason to let anybody in.
      if (clock.nowMs >= untilMs) return known.answers === answers ? UNANSWERED : standing(known.lease, "refused");
    }
  } finally {
    known.waitingUnits -= units;
  }
}

/** Resolves when the call under way is answered, or after `ms`. */
async function nextAnswer(known: KnownKey, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.max(0, ms));
  known.waiting.push(resolve);
  await promise;
  // Here and not by whoever wakes us: a timer belongs to the request that set it.
  clearTimeout(timer);
}

function fetchSlice(asking: Asking): void {
  const { known, background } = asking;
  known.fetching = true;
  known.fetches += 1;
  background.waitUntil(
    fetchOne(asking).finally(() => {
      known.fetching = false;
      const { waiting } = known;
      known.waiting = [];
      for (const wake of waiting) wake();
    }),
  );
}

async function fetchOne(asking: Asking): Promise<void> {
  const { memory, known, units, rule, background } = asking;
  const { lease, fetches } = known;
  const sentAtMs = clock.nowMs;
  const { epoch } = clock;
  const receive = (answer: TakeAnswer) => {
    known.answers += 1;
    clock.look(Date.now());
    lease.receive(answer, units, sentAtMs, epoch, clock);
    if (lease.owes()) background.waitUntil(giveBackUnspent(memory, asking, fetches));
  };
  const done = lease.takeDone(clock);
  const perSecond = lease.perSecond(clock);
  const request = { id: "", rule, mode: "leased", units, waiting: known.waitingUnits, perSecond, done } as const;
  const answer = await memory.take(asking, request, receive);
  if (answer !== null) receive(answer);
}

/** At the end of the lease, unless a later slice has come: then that one's end, or the call for the next, sees to it. */
async function giveBackUnspent(memory: LimitMemory, asked: Asked, fetches: number): Promise<void> {
  const { lease } = asked.known;
  await new Promise((resolve) => setTimeout(resolve, lease.heldForMs(clock) + 1));
  if (asked.known.fetches !== fetches || asked.known.fetching) return;
  clock.look(Date.now());
  const done = lease.takeDone(clock);
  if (done.some(({ unspent }) => unspent > 0)) await memory.giveBack(asked, done, []);
}

/** Units of a slice that a request was let in with. */
class Spent implements Reservation {
  readonly verdict = "admitted";
  readonly retryMs = 0;
  readonly remaining: number;
  readonly resetMs: number;
  readonly end = null;
  readonly #lease: KeyLease;
  readonly #slice: Held;
  readonly #units: number;

  constructor(lease: KeyLease, slice: Held, units: number) {
    this.remaining = lease.remaining(clock);
    this.resetMs = lease.resetMs(clock);
    this.#lease = lease;
    this.#slice = slice;
    this.#units = units;
  }

  undo(): void {
    this.#lease.unspend(this.#units, this.#slice, clock);
  }
}
