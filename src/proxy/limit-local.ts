/** Mode `local`: the platform's rate-limit binding, or a meter in this isolate. Approximate by nature, and never a call away. */
import { nameDigest } from "../config/digest.ts";
import { createMeter } from "../rate-limit/algorithms.ts";
import { KeyMemory } from "../rate-limit/key-memory.ts";
import { limiterText } from "../rate-limit/limiter-name.ts";
import type { Meter, Rule } from "../rate-limit/meter.ts";
import { SteadyClock } from "../rate-limit/steady-clock.ts";
import { UNANSWERED, type Counter, type Reservation } from "./limit-counter.ts";

const MOST_KEYS = 10_000;

/** Counts in this isolate alone: as many isolates as there are, as many times the limit at worst. */
export function isolateCounter(): Counter {
  const meters = new KeyMemory<Meter>(MOST_KEYS);
  const clock = new SteadyClock();
  return {
    refusedAlready: () => null,
    forgive: () => undefined,
    reserve(key, units, rule) {
      const meter = meters.use(key, () => createMeter(rule.algorithm));
      const nowMs = clock.read(Date.now());
      const verdict = meter.available(rule, nowMs) < units ? "refused" : "admitted";
      if (verdict === "admitted") meter.charge(rule, units, nowMs, nowMs);
      const undo = () => meter.refund(rule, units, clock.read(Date.now()), nowMs);
      return {
        verdict,
        retryMs: verdict === "admitted" ? 0 : Math.min(meter.waitMs(rule, units, nowMs), rule.windowMs * 2),
        remaining: meter.available(rule, nowMs),
        resetMs: Math.min(meter.waitMs(rule, meter.available(rule, nowMs) + 1, nowMs), rule.windowMs * 2),
        undo: verdict === "admitted" ? undo : null,
        end: verdict === "admitted" && rule.algorithm === "concurrency" ? undo : null,
      };
    },
  };
}

/** Counts with a Workers rate-limit binding: per data centre, a little behind, and it can't give back. */
export function bindingCounter(binding: RateLimit, scope: string): Counter {
  return {
    refusedAlready: () => null,
    forgive: () => undefined,
    async reserve(key, _units, rule) {
      try {
        const { success } = await binding.limit({ key: await nameDigest(limiterText(scope, key)) });
        return said(success, rule);
      } catch {
        return UNANSWERED;
      }
    },
  };
}

function said(success: boolean, rule: Rule): Reservation {
  return {
    verdict: success ? "admitted" : "refused",
    retryMs: success ? 0 : rule.windowMs,
    remaining: success ? Number.NaN : 0,
    resetMs: success ? Number.NaN : rule.windowMs,
    undo: null,
    end: null,
  };
}
