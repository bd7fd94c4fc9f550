/** Mode `exact`: the `RateLimiter` of the key is asked for every request; a refusal is remembered until its reset. */
import type { TakeAnswer, TakeRequest } from "../rate-limit/messages.ts";
import type { Rule } from "../rate-limit/meter.ts";
import { UNANSWERED, type Background, type Counter, type Reservation } from "./limit-counter.ts";
import { clock, standing, type Asked, type LimitMemory } from "./limit-memory.ts";

export function exactCounter(memory: LimitMemory): Counter {
  return {
    refusedAlready: (key, units) => memory.refusal(key, units),
    forgive: (limiter) => memory.forgive(limiter),
    reserve(key, units, rule, background) {
      clock.look(Date.now());
      const known = memory.use(key);
      if (known.lease.isBlocked(units, clock)) return standing(known.lease, "refused");
      if (clock.nowMs < known.awayUntilMs) return UNANSWERED;
      return ask(memory, { known, key, background }, units, rule);
    },
  };
}

async function ask(memory: LimitMemory, asked: Asked, units: number, rule: Rule): Promise<Reservation> {
  const { known, background } = asked;
  const id = crypto.randomUUID();
  const request: TakeRequest = { id, rule, mode: "exact", units, waiting: 0, perSecond: 0, done: [] };
  const isPlace = rule.algorithm === "concurrency";
  const undo = (later: Background) => {
    if (isPlace) known.lease.unblock();
    later.waitUntil(memory.giveBack(asked, isPlace ? [{ id, unspent: units }] : [], isPlace ? [] : [id]));
  };
  const sentAtMs = clock.nowMs;
  const { epoch } = clock;
  // An answer that comes too late was decided without: what it granted goes back.
  const answer = await memory.take(asked, request, (late: TakeAnswer) => {
    if (late.granted) undo(background);
  });
  if (answer === null) return UNANSWERED;
  known.lease.receive(answer, units, sentAtMs, epoch, clock);
  if (!answer.granted) return standing(known.lease, "refused");
  return { ...standing(known.lease, "admitted"), undo, end: isPlace ? undo : null };
}
