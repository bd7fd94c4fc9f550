/** Fairlead's rules beside the npm packages people would take for the same job. */
import { SamplingBreaker, circuitBreaker, handleAll } from "cockatiel";
import HashRing from "hashring";
import CachePolicy from "http-cache-semantics";
import { LRUCache } from "lru-cache";
import CircuitBreaker from "opossum";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { requestDirectives } from "../../src/cache/cache-control.ts";
import { policyOf } from "../../src/cache/freshness.ts";
import { judgeReuse } from "../../src/cache/reuse.ts";
import { KeyMemory } from "../../src/rate-limit/key-memory.ts";
import { createMeter } from "../../src/rate-limit/algorithms.ts";
import {
  advance,
  freshBreaker,
  recordEvidence,
  type CircuitBreaker as State,
} from "../../src/resilience/circuit-breaker.ts";
import { POLICIES } from "../../src/steering/policy.ts";
import { equalMembers, optionsFor, requests } from "../steering/scene.ts";
import type { Side } from "./harness.ts";
import { benchCacheRule, benchService, RESPONSE_FIELDS, storedAt } from "./scene.ts";

/** Sides that do the same job, ours first. */
export interface Match {
  readonly job: string;
  readonly sides: readonly [Side, ...Side[]];
}

const succeed = () => Promise.resolve(1);

export function matches(): Match[] {
  return [breakers(), limiters(), rings(), memories(), cachePolicies()];
}

/** Each guards a call that succeeds at once. */
function breakers(): Match {
  const rules = { breaker: benchService.breaker, ramp: benchService.ramp };
  const evidence = { successes: 1, failures: 0, slow: 0, longestFailureRun: 0 };
  let state: State = freshBreaker();
  const opossum = new CircuitBreaker(succeed, { timeout: false, rollingCountTimeout: 10_000 });
  const cockatiel = circuitBreaker(handleAll, {
    halfOpenAfter: 30_000,
    breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000 }),
  });
  return {
    job: "a call guarded by a breaker",
    sides: [
      awaiting("Fairlead (ratio over a window, and a run)", async () => {
        const nowMs = Date.now();
        state = advance(state, rules, nowMs);
        if (state.phase !== "closed") throw new Error("Expected the breaker to be closed");
        await succeed();
        state = recordEvidence(state, evidence, rules, nowMs, Math.random);
      }),
      awaiting("opossum (ratio over a window)", () => opossum.fire()),
      awaiting("cockatiel (ratio over a window)", () => cockatiel.execute(succeed)),
    ],
  };
}

function limiters(): Match {
  const rule = { algorithm: "fixed-window", limit: 1_000_000_000, windowMs: 10_000, burst: 1_000_000_000 } as const;
  const meter = createMeter(rule.algorithm);
  const library = new RateLimiterMemory({ points: rule.limit, duration: 10 });
  return {
    job: "an admitted request of a fixed window",
    sides: [
      plain("Fairlead", () => {
        const nowMs = Date.now();
        if (meter.available(rule, nowMs) >= 1) meter.charge(rule, 1, nowMs, nowMs);
      }),
      awaiting("rate-limiter-flexible", () => library.consume("key")),
    ],
  };
}

function rings(): Match {
  const members = equalMembers(20);
  const picker = POLICIES["consistent-hash"].prepare(members, optionsFor("consistent-hash", members), Math.random);
  const eligible = new Uint8Array(members.length).fill(1);
  const asked = requests(512);
  const keys = asked.map(({ requestId }) => requestId);
  const ring = new HashRing(
    members.map(({ id }) => id),
    "md5",
    { "max cache size": 1 },
  );
  let ours = 0;
  let theirs = 0;
  return {
    job: "a key's place on a ring of 20",
    sides: [
      plain("Fairlead (bounded load)", () => picker.pick(eligible, asked[ours++ & 511]!)),
      plain("hashring (its cache off)", () => ring.get(keys[theirs++ & 511]!)),
    ],
  };
}

/** 1,000 keys in a room for 500: every other use makes room. */
function memories(): Match {
  const keys = Array.from({ length: 1_000 }, (_, index) => `key-${(index * 7919) % 1_000}`);
  const memory = new KeyMemory<{ value: number }>(500);
  const library = new LRUCache<string, { value: number }>({ max: 500 });
  let ours = 0;
  let theirs = 0;
  const next = (turn: number) => keys[(turn * turn) % 1_000]!;
  return {
    job: "a use of one of 1,000 keys, 500 remembered",
    sides: [
      plain("Fairlead (two generations: a flood drives nobody out)", () =>
        memory.use(next(ours++), () => ({ value: 1 })),
      ),
      plain("lru-cache", () => {
        const key = next(theirs++);
        const known = library.get(key);
        if (known !== undefined) return known;
        const made = { value: 1 };
        library.set(key, made);
        return made;
      }),
    ],
  };
}

/** The whole of a response's life: judged when it comes, asked once whether it may be reused. */
function cachePolicies(): Match {
  const nowMs = Date.now();
  const stored = storedAt(nowMs);
  const wishes = requestDirectives(null, null);
  const request = { url: "/articles/42", method: "GET", headers: { host: "shop.test", "accept-encoding": "br" } };
  const response = { status: 200, headers: { ...RESPONSE_FIELDS, date: new Date(nowMs).toUTCString() } };
  return {
    job: "a response judged, and reused once",
    sides: [
      plain("Fairlead", () => judgeReuse(policyOf(stored, benchCacheRule), wishes, false, nowMs + 1_000).kind),
      plain("http-cache-semantics", () =>
        new CachePolicy(request, response, { shared: true }).satisfiesWithoutRevalidation(request),
      ),
    ],
  };
}

function plain(name: string, once: () => unknown): Side {
  let kept: unknown;
  return {
    name,
    run(count) {
      for (let index = 0; index < count; index++) kept = once();
      if (kept === plain) throw new Error("never");
    },
  };
}

function awaiting(name: string, once: () => Promise<unknown>): Side {
  return {
    name,
    async run(count) {
      for (let index = 0; index < count; index++) await once();
    },
  };
}
