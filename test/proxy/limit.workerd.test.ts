// The isolate's side of the limits, against the real Durable Object.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Counter, Reservation } from "../../src/proxy/limit-counter.ts";
import { exactCounter } from "../../src/proxy/limit-exact.ts";
import { leasedCounter } from "../../src/proxy/limit-leased.ts";
import { bindingCounter, isolateCounter } from "../../src/proxy/limit-local.ts";
import { LimitMemory, type Limiters } from "../../src/proxy/limit-memory.ts";
import type { RateLimiter } from "../../durable-objects/rate-limiter.ts";
import { nameDigest } from "../../src/config/digest.ts";
import { limiterText } from "../../src/rate-limit/limiter-name.ts";
import type { Rule } from "../../src/rate-limit/meter.ts";

const limiters = (env as unknown as { RATE_LIMITER: Limiters }).RATE_LIMITER;
const rule: Rule = { algorithm: "sliding-window", limit: 20, windowMs: 60_000, burst: 20 };

/** Its leases last twenty seconds: longer than a loaded machine takes to start an object, so that none ends before it came. */
const lasting: Rule = { algorithm: "sliding-window", limit: 100_000, windowMs: 3_600_000, burst: 100_000 };

/** Longer than a loaded machine takes to start an object; tests about being too late say how late. */
const PATIENT_MS = 10_000;

let scopes = 0;
const scopeNow = () => `scope-${scopes}`;

/** The real objects, with calls counted and, where asked for, held up or refused. */
function watched(hold: () => Promise<void> = () => Promise.resolve()) {
  const calls = { take: 0, giveBack: 0 };
  const names = new Set<string>();
  const getByName = (name: string) => {
    names.add(name);
    const stub = limiters.getByName(name);
    return {
      async take(request: Parameters<typeof stub.take>[0]) {
        calls.take++;
        await hold();
        return stub.take(request);
      },
      async giveBack(...parts: Parameters<typeof stub.giveBack>) {
        calls.giveBack++;
        return stub.giveBack(...parts);
      },
    };
  };
  const memory = (timeoutMs = PATIENT_MS) => new LimitMemory({ getByName }, scopeNow(), timeoutMs);
  scopes++;
  return { calls, names, memory };
}

async function reserve(
  counter: Counter,
  over: { key?: string; units?: number; rule?: Rule } = {},
): Promise<Reservation> {
  const context = createExecutionContext();
  return counter.reserve(over.key ?? "k", over.units ?? 1, over.rule ?? rule, context);
}

async function verdicts(counter: Counter, times: number, over = {}): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < times; i++) {
    const { verdict } = await reserve(counter, over);
    counts[verdict] = (counts[verdict] ?? 0) + 1;
  }
  return counts;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe("leased", () => {
  it("admits the limit and no more, with fewer calls than requests, and asks nothing while it is blocked", async () => {
    const { calls, memory } = watched();
    const counter = leasedCounter(memory());
    expect(await verdicts(counter, 60, { rule: { ...rule, limit: 50 } })).toEqual({ admitted: 50, refused: 10 });
    const before = calls.take;
    expect(before).toBeLessThan(45);
    expect(await verdicts(counter, 1_000)).toEqual({ refused: 1_000 });
    expect(calls.take).toBe(before);
  });

  it("tells a remembered refusal without counting anything", async () => {
    const { calls, memory } = watched();
    const counter = leasedCounter(memory());
    expect(counter.refusedAlready("k", 1)).toBeNull();
    await verdicts(counter, 21);
    const before = calls.take;
    expect(counter.refusedAlready("k", 1)).toMatchObject({ verdict: "refused", remaining: 0 });
    expect(counter.refusedAlready("another", 1)).toBeNull();
    expect(calls.take).toBe(before);
  });

  it("is answered at once while a slice lasts", async () => {
    const counter = leasedCounter(watched().memory());
    for (let i = 0; i < 20; i++) await reserve(counter, { rule: lasting });
    await sleep(20);
    const context = createExecutionContext();
    expect(counter.reserve("k", 1, lasting, context)).not.toBeInstanceOf(Promise);
    await waitOnExecutionContext(context);
  });

  it("sends one call for many that wait", async () => {
    const { calls, memory } = watched(() => sleep(10));
    const counter = leasedCounter(memory());
    const asked = Array.from({ length: 30 }, () => reserve(counter, { rule: lasting }));
    expect((await Promise.all(asked)).every(({ verdict }) => verdict === "admitted")).toBe(true);
    expect(calls.take).toBeLessThanOrEqual(3);
  });

  it("never takes a limiter that is merely slow for everybody for one that is away", async () => {
    // An answer takes nearly half of the time there is for it; what is left over is what a loaded machine may take.
    const { memory } = watched(() => sleep(900));
    const counter = leasedCounter(memory(2_000));
    const asked: Promise<Reservation>[] = [];
    for (let i = 0; i < 60; i++) {
      asked.push(reserve(counter));
      await sleep(50);
    }
    const counts = Map.groupBy(await Promise.all(asked), ({ verdict }) => verdict);
    expect(counts.get("admitted")).toHaveLength(20);
    expect(counts.get("refused")).toHaveLength(40);
  });

  it("shares the limit among isolates and never exceeds it", async () => {
    const { memory } = watched();
    const isolates = Array.from({ length: 4 }, () => leasedCounter(memory()));
    const counts = await Promise.all(isolates.map((counter) => verdicts(counter, 40)));
    expect(counts.reduce((sum, { admitted = 0 }) => sum + admitted, 0)).toBe(20);
  });

  it("gives back what it did not spend when its lease ends, so that others have it", async () => {
    const { calls, memory } = watched();
    const counter = leasedCounter(memory());
    const short: Rule = { algorithm: "sliding-window", limit: 400, windowMs: 20_000, burst: 400 };
    const context = createExecutionContext();
    for (let i = 0; i < 10; i++) await counter.reserve("k", 1, short, context);
    await waitOnExecutionContext(context);
    expect(calls.giveBack).toBeGreaterThan(0);
    expect((await reserve(exactCounter(memory()), { rule: short, units: 390 })).verdict).toBe("admitted");
  });

  it("gives units back to their slice when another limit refuses", async () => {
    const counter = leasedCounter(watched().memory());
    const context = createExecutionContext();
    for (let i = 0; i < 100; i++) (await reserve(counter)).undo?.(context);
    expect((await verdicts(counter, 30))["admitted"]).toBe(20);
    await waitOnExecutionContext(context);
  });
});

describe("exact", () => {
  it("asks for every request and remembers a refusal until its reset", async () => {
    const { calls, memory } = watched();
    const counter = exactCounter(memory());
    expect(await verdicts(counter, 25)).toEqual({ admitted: 20, refused: 5 });
    expect(calls.take).toBe(21);
    const refused = await reserve(counter);
    expect(refused.retryMs).toBeGreaterThan(50_000);
    expect(calls.take).toBe(21);
  });

  it("gives units back when another limit refuses", async () => {
    const { memory } = watched();
    const counter = exactCounter(memory());
    for (let i = 0; i < 3; i++) {
      const context = createExecutionContext();
      (await reserve(counter, { units: 20 })).undo?.(context);
      await waitOnExecutionContext(context);
    }
    expect((await reserve(counter, { units: 20 })).verdict).toBe("admitted");
  });

  it("has a place again when a request ends", async () => {
    const places: Rule = { algorithm: "concurrency", limit: 1, windowMs: 60_000, burst: 1 };
    const counter = exactCounter(watched().memory());
    const first = await reserve(counter, { rule: places });
    expect((await reserve(counter, { rule: places })).verdict).toBe("refused");
    const context = createExecutionContext();
    first.end!(context);
    await waitOnExecutionContext(context);
    expect((await reserve(counter, { rule: places })).verdict).toBe("admitted");
  });
});

describe.each([
  ["leased", leasedCounter],
  ["exact", exactCounter],
])("%s, when the limiter does not answer", (_, counterOf) => {
  it("says so after its time, asks once and leaves it alone for a second", async () => {
    const { calls, memory } = watched(() => sleep(2_000));
    const counter = counterOf(memory(100));
    const startedMs = Date.now();
    expect((await reserve(counter)).verdict).toBe("unanswered");
    expect(Date.now() - startedMs).toBeLessThan(1_500);
    expect(await verdicts(counter, 100)).toEqual({ unanswered: 100 });
    expect(calls.take).toBe(1);
  });

  it("says so at once when the call fails, and asks again later", async () => {
    let away = true;
    const { calls, memory } = watched(() => (away ? Promise.reject(new Error("overloaded")) : Promise.resolve()));
    const counter = counterOf(memory());
    expect((await reserve(counter)).verdict).toBe("unanswered");
    away = false;
    await sleep(1_050);
    expect((await reserve(counter)).verdict).toBe("admitted");
    expect(calls.take).toBe(2);
  });
});

describe("exact, when an answer comes too late", () => {
  it("gives back what it granted", async () => {
    const { calls, memory } = watched(() => sleep(200));
    const context = createExecutionContext();
    const answer = await exactCounter(memory(100)).reserve("k", 20, rule, context);
    expect(answer.verdict).toBe("unanswered");
    await waitOnExecutionContext(context);
    expect(calls.giveBack).toBe(1);
  });
});

describe.each([
  ["leased", leasedCounter],
  ["exact", exactCounter],
])("%s, after an operator reset the key", (_, counterOf) => {
  it("forgets its refusal and no other, and asks again", async () => {
    const { names, memory } = watched();
    const counter = counterOf(memory());
    for (const key of ["k", "other"]) expect((await verdicts(counter, 25, { key }))["refused"]).toBe(5);
    const name = await nameDigest(limiterText(scopeNow(), "k"));
    expect(names).toContain(name);
    await (limiters as unknown as DurableObjectNamespace<RateLimiter>).getByName(name).reset();
    expect((await reserve(counter)).verdict).toBe("refused");
    counter.forgive(name);
    expect(await verdicts(counter, 25)).toEqual({ admitted: 20, refused: 5 });
    expect((await reserve(counter, { key: "other" })).verdict).toBe("refused");
  });
});

describe("local", () => {
  it("counts in the isolate, and takes back", async () => {
    const counter = isolateCounter();
    const context = createExecutionContext();
    (await reserve(counter)).undo!(context);
    expect(await verdicts(counter, 25)).toEqual({ admitted: 20, refused: 5 });
    expect((await reserve(counter, { key: "another" })).verdict).toBe("admitted");
  });

  it("asks the platform's binding by a hashed key, and says when it failed", async () => {
    const keys: string[] = [];
    const binding = (success: boolean) => ({
      limit: ({ key }: { key: string }) => {
        keys.push(key);
        return Promise.resolve({ success });
      },
    });
    expect((await reserve(bindingCounter(binding(true), "s"), { key: "ann" })).verdict).toBe("admitted");
    expect((await reserve(bindingCounter(binding(false), "s"), { key: "ann" })).verdict).toBe("refused");
    const broken = { limit: () => Promise.reject(new Error("away")) } as unknown as RateLimit;
    expect((await reserve(bindingCounter(broken, "s"))).verdict).toBe("unanswered");
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).toBe(keys[0]);
  });
});
