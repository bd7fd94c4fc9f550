import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { RateLimiter } from "../../durable-objects/rate-limiter.ts";
import type { TakeRequest } from "../../src/rate-limit/messages.ts";
import type { Rule } from "../../src/rate-limit/meter.ts";

const limiters = (env as unknown as { RATE_LIMITER: DurableObjectNamespace<RateLimiter> }).RATE_LIMITER;

const HOURLY: Rule = { algorithm: "sliding-window", limit: 10, windowMs: 3_600_000, burst: 10 };

let named = 0;
const fresh = () => limiters.getByName(`key-${++named}`);
const exact = (over: Partial<TakeRequest> = {}): TakeRequest => ({
  id: crypto.randomUUID(),
  rule: HOURLY,
  mode: "exact",
  units: 1,
  waiting: 0,
  perSecond: 0,
  done: [],
  ...over,
});

async function admittedOf(limiter: DurableObjectStub<RateLimiter>, times: number): Promise<number> {
  let admitted = 0;
  for (let i = 0; i < times; i++) if ((await limiter.take(exact())).granted) admitted++;
  return admitted;
}

const storedKeys = (limiter: DurableObjectStub<RateLimiter>) =>
  runInDurableObject(limiter, (_, state) => [...state.storage.kv.list()].length);

describe("exact", () => {
  it("admits the limit and says when there is more", async () => {
    const limiter = fresh();
    expect(await admittedOf(limiter, 10)).toBe(10);
    const refused = await limiter.take(exact());
    expect(refused).toMatchObject({ granted: false, remaining: 0, slices: [] });
    expect(refused.retryMs).toBeGreaterThan(3_500_000);
    expect(refused.retryMs).toBeLessThanOrEqual(3_600_000 * (65 / 64));
  });

  it("admits the limit once, however many ask at the same time", async () => {
    const limiter = fresh();
    const answers = await Promise.all(Array.from({ length: 50 }, () => limiter.take(exact())));
    expect(answers.filter(({ granted }) => granted)).toHaveLength(10);
  });

  it("takes a refund back once", async () => {
    const limiter = fresh();
    const request = exact({ units: 10 });
    await limiter.take(request);
    await limiter.giveBack([], [request.id]);
    await limiter.giveBack([], [request.id]);
    expect(await admittedOf(limiter, 20)).toBe(10);
  });

  it("is never over when it is evicted again and again", async () => {
    const limiter = fresh();
    let admitted = 0;
    for (let i = 0; i < 8; i++) {
      admitted += await admittedOf(limiter, 2);
      await evictDurableObject(limiter);
    }
    expect(admitted).toBeLessThanOrEqual(10);
    expect(admitted).toBeGreaterThanOrEqual(9);
  });

  it("stores nothing for a key it only refused", async () => {
    const limiter = fresh();
    expect((await limiter.take(exact({ units: 11 }))).granted).toBe(false);
    expect(await storedKeys(limiter)).toBe(0);
  });
});

describe("leased", () => {
  it("lends a slice that is charged before it is spent, and survives eviction so", async () => {
    const limiter = fresh();
    const rule = { ...HOURLY, limit: 1_000, burst: 1_000 };
    const lent = await limiter.take(exact({ rule, mode: "leased", perSecond: 100 }));
    const units = lent.slices.reduce((sum, slice) => sum + slice.units, 0);
    expect(units).toBeGreaterThan(1);
    expect(lent.remaining).toBe(1_000 - units);
    await evictDurableObject(limiter);
    const next = await limiter.take(exact({ rule }));
    expect(next.remaining).toBe(1_000 - units - 1);
  });

  it("takes back what was not spent, once, also after an eviction", async () => {
    const limiter = fresh();
    const rule = { ...HOURLY, limit: 1_000, burst: 1_000 };
    const lent = await limiter.take(exact({ rule, mode: "leased", perSecond: 100 }));
    const { id, units } = lent.slices[0]!;
    await evictDurableObject(limiter);
    await limiter.giveBack([{ id, unspent: units - 1 }], []);
    await limiter.giveBack([{ id, unspent: units - 1 }], []);
    expect((await limiter.take(exact({ rule }))).remaining).toBe(1_000 - 2);
  });

  it("lends what requests are waiting for whole, as far as it is there", async () => {
    const limiter = fresh();
    const first = await limiter.take(exact({ mode: "leased", waiting: 7 }));
    expect(first.slices.map(({ units }) => units)).toEqual([7]);
    const second = await limiter.take(exact({ mode: "leased", waiting: 7 }));
    expect(second.slices.map(({ units }) => units)).toEqual([3]);
  });

  it("shrinks slices to one as the window fills", async () => {
    const limiter = fresh();
    const sizes: number[] = [];
    for (;;) {
      const answer = await limiter.take(exact({ mode: "leased", rule: { ...HOURLY, limit: 100 }, perSecond: 1_000 }));
      if (!answer.granted) break;
      sizes.push(answer.slices.reduce((sum, slice) => sum + slice.units, 0));
    }
    expect(sizes[0]).toBe(12);
    expect(sizes.at(-1)).toBe(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100);
  });
});

describe("concurrency", () => {
  const places: Rule = { algorithm: "concurrency", limit: 2, windowMs: 60_000, burst: 2 };

  it("has a place again when one is given back, also after an eviction", async () => {
    const limiter = fresh();
    const first = exact({ rule: places });
    expect((await limiter.take(first)).granted).toBe(true);
    expect((await limiter.take(exact({ rule: places }))).granted).toBe(true);
    expect((await limiter.take(exact({ rule: places }))).granted).toBe(false);
    await evictDurableObject(limiter);
    expect((await limiter.take(exact({ rule: places }))).granted).toBe(false);
    await limiter.giveBack([{ id: first.id, unspent: 1 }], []);
    expect((await limiter.take(exact({ rule: places }))).granted).toBe(true);
  });
});

describe("a key that was reset", () => {
  it("has its whole limit again, also after an eviction", async () => {
    const limiter = fresh();
    expect(await admittedOf(limiter, 12)).toBe(10);
    await limiter.reset();
    expect(await admittedOf(limiter, 4)).toBe(4);
    await evictDurableObject(limiter);
    expect(await admittedOf(limiter, 12)).toBeLessThanOrEqual(6);
  });

  it("is still charged with the slices that isolates may spend, and takes them back once", async () => {
    const limiter = fresh();
    const rule = { ...HOURLY, limit: 1_000, burst: 1_000 };
    await limiter.take(exact({ rule, units: 500 }));
    const { slices } = await limiter.take(exact({ rule, mode: "leased", perSecond: 100 }));
    const lent = slices.reduce((sum, { units }) => sum + units, 0);
    await limiter.reset();
    expect((await limiter.take(exact({ rule }))).remaining).toBe(1_000 - lent - 1);
    await limiter.giveBack(
      slices.map(({ id, units }) => ({ id, unspent: units })),
      [],
    );
    expect((await limiter.take(exact({ rule }))).remaining).toBe(1_000 - 2);
  });

  it("takes no refund for what is forgotten", async () => {
    const limiter = fresh();
    const request = exact({ units: 10 });
    await limiter.take(request);
    await limiter.reset();
    await limiter.giveBack([], [request.id]);
    expect(await admittedOf(limiter, 20)).toBe(10);
  });

  it("has all its places free", async () => {
    const limiter = fresh();
    const rule: Rule = { algorithm: "concurrency", limit: 1, windowMs: 60_000, burst: 1 };
    await limiter.take(exact({ rule }));
    await limiter.reset();
    expect((await limiter.take(exact({ rule }))).granted).toBe(true);
    expect((await limiter.take(exact({ rule }))).granted).toBe(false);
  });

  it("costs no storage if it was never used", async () => {
    const limiter = fresh();
    await limiter.reset();
    expect(await storedKeys(limiter)).toBe(0);
  });
});

describe("an idle key", () => {
  it("deletes itself", async () => {
    const limiter = fresh();
    const rule = { ...HOURLY, windowMs: 1_000 };
    await limiter.take(exact({ rule }));
    expect(await storedKeys(limiter)).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await runDurableObjectAlarm(limiter)).toBe(true);
    expect(await storedKeys(limiter)).toBe(0);
    expect(await runInDurableObject(limiter, (_, state) => state.storage.getAlarm())).toBeNull();
    expect((await limiter.take(exact({ rule }))).granted).toBe(true);
  });

  it("stays as long as it still counts", async () => {
    const limiter = fresh();
    await limiter.take(exact());
    expect(await runDurableObjectAlarm(limiter)).toBe(true);
    expect(await storedKeys(limiter)).toBe(1);
    expect(await runInDurableObject(limiter, (_, state) => state.storage.getAlarm())).not.toBeNull();
  });
});
