import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OriginBreaker } from "../../durable-objects/origin-breaker.ts";
import type { BreakerChange, BreakerState, Change, HubName, Witness } from "../../src/agreement/protocol.ts";

const breakers = (env as unknown as { ORIGIN_BREAKER: DurableObjectNamespace<OriginBreaker> }).ORIGIN_BREAKER;

const FAILING = { successes: 0, failures: 5, slow: 0, longestFailureRun: 5, spanMs: 100 };
const QUIET: Witness = { successes: 0, failures: 0, verdict: "unknown", unheardForMs: 0 };
const BUSY: Witness = { successes: 100, failures: 0, verdict: "unknown", unheardForMs: 0 };

let named = 0;

/** A breaker of its own, and hubs that answer as the test says. */
async function setUp(witness: Partial<Record<HubName, Witness>> = {}) {
  const stub = breakers.getByName(`origin-${++named}`);
  const pushed = new Map<HubName, BreakerState>();
  const away = new Set<HubName>();
  const attach = () =>
    runInDurableObject(stub, (instance) => {
      instance.hub = (name) => ({
        async push(change: Change) {
          if (away.has(name)) throw new Error("hub is away");
          const { state } = change as BreakerChange;
          if (state.version > (pushed.get(name)?.version ?? 0)) pushed.set(name, state);
          return { instance: name, version: pushed.get(name)!.version };
        },
        async witness() {
          if (away.has(name)) throw new Error("hub is away");
          return witness[name] ?? QUIET;
        },
        async confirm() {
          throw new Error("breakers confirm nothing");
        },
      });
    });
  await attach();
  const evict = async () => {
    await evictDurableObject(stub);
    await attach();
  };
  return { stub, pushed, away, witness, evict };
}

/** What every hub was told last, by phase. */
const phases = (pushed: ReadonlyMap<HubName, BreakerState>) =>
  Object.fromEntries([...pushed].map(([hub, { breaker }]) => [hub, breaker]));

const EVERYWHERE = (breaker: string) => ({ enam: breaker, wnam: breaker, weur: breaker, apac: breaker });

const rows = (stub: DurableObjectStub<OriginBreaker>) =>
  runInDurableObject(stub, (_, state) => [...state.storage.kv.list()].map(([key]) => key));

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe("an origin that fails", () => {
  it("opens for the region at once and for the world when nobody else has traffic, and every hub is told", async () => {
    const { stub, pushed } = await setUp();
    expect(await stub.record("enam", "enam", FAILING)).toMatchObject({ breaker: "open", version: 1 });
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("open")));
  });

  it("opens for one region only while the others have traffic that succeeds", async () => {
    const { stub, pushed } = await setUp({ weur: BUSY, apac: BUSY });
    await stub.record("enam", "enam", FAILING);
    await vi.waitFor(() => expect(phases(pushed)).toMatchObject({ enam: "open", weur: "closed", apac: "closed" }));
    expect((await stub.inspect()).agreement.world.phase).toBe("closed");
  });

  it("opens for the world when over half of the regions with traffic are open", async () => {
    const { stub, pushed } = await setUp({ weur: BUSY, apac: BUSY });
    await stub.record("enam", "enam", FAILING);
    await stub.record("weur", "weur", FAILING);
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("open")));
    const { transitions } = await stub.inspect();
    expect(transitions.map(({ scope, from, to }) => `${scope}: ${from} to ${to}`)).toEqual([
      "enam: closed to open",
      "weur: closed to open",
      "world: closed to open",
    ]);
    expect(transitions.at(-1)!.reason).toContain("open in 2 of 3 regions with traffic");
  });

  it("waits for hubs whose isolates have just come, and asks them again", async () => {
    const { stub, pushed, witness } = await setUp({ weur: { ...QUIET, unheardForMs: 200 } });
    await stub.record("enam", "enam", FAILING);
    await vi.waitFor(() => expect(phases(pushed)).toEqual({ ...EVERYWHERE("closed"), enam: "open" }));
    witness["weur"] = QUIET;
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("open")));
  });

  it("stays where it is when such a hub turns out to have traffic that succeeds", async () => {
    const { stub, witness } = await setUp({ weur: { ...QUIET, unheardForMs: 50 } });
    await stub.record("enam", "enam", FAILING);
    witness["weur"] = BUSY;
    await scheduler.wait(300);
    expect((await stub.inspect()).agreement).toMatchObject({
      world: { phase: "closed" },
      regions: { enam: { phase: "open" } },
    });
  });

  it("is judged without hubs that do not answer", async () => {
    const { stub, away } = await setUp({ weur: BUSY });
    away.add("wnam").add("apac").add("weur");
    await stub.record("enam", "enam", FAILING);
    await vi.waitFor(async () => expect((await stub.inspect()).agreement.world.phase).toBe("open"));
  });
});

describe("eviction", () => {
  it("in the middle of a story forgets nothing of it: open, half-open, trials in flight, ramp", async () => {
    const { stub, pushed, evict } = await setUp();
    await stub.record("enam", "enam", FAILING);
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("open")));
    await evict();
    expect(await stub.takePermit("enam")).toBeNull();

    pass(40_000);
    await evict();
    await runDurableObjectAlarm(stub);
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("half-open")));
    const permits = [await stub.takePermit("enam"), await stub.takePermit("weur"), await stub.takePermit("apac")];
    expect(permits).not.toContain(null);
    await evict();
    expect(await stub.takePermit("wnam")).toBeNull();

    await stub.settle(permits[0]!.id, "success");
    await evict();
    expect(await stub.settle(permits[1]!.id, "success")).toMatchObject({ breaker: "closed", admission: 0.1 });
    await evict();
    expect((await stub.inspect()).states).toMatchObject({ enam: { admission: 0.1 }, apac: { admission: 0.1 } });
    expect((await stub.inspect()).transitions).toHaveLength(4);
  });
});

describe("what is stored", () => {
  it("is nothing while origins are healthy", async () => {
    const { stub } = await setUp();
    await stub.record("enam", "enam", { ...FAILING, successes: 30, failures: 1, longestFailureRun: 1 });
    expect(await rows(stub)).toEqual([]);
    expect(await runInDurableObject(stub, (_, state) => state.storage.getAlarm())).toBeNull();
  });

  it("is only the history once an origin has recovered", async () => {
    const { stub, pushed } = await setUp();
    await stub.record("enam", "enam", FAILING);
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("open")));
    pass(40_000);
    await runDurableObjectAlarm(stub);
    for (let trial = 0; trial < 2; trial++) await stub.settle((await stub.takePermit("enam"))!.id, "success");
    for (let step = 0; step < 12; step++) {
      pass(10_001);
      await runDurableObjectAlarm(stub);
    }
    expect([...pushed.values()]).toEqual(Array.from({ length: 4 }, () => expect.objectContaining({ admission: 1 })));
    expect(await rows(stub)).toEqual(["history"]);
  });

  it("failing to be written costs no correctness: it opens all the same, and no trial is granted unwritten", async () => {
    const { stub, pushed, evict } = await setUp();
    const breakStorage = (broken: boolean) =>
      runInDurableObject(stub, (_, { storage }) => {
        const put = broken
          ? () => {
              throw new Error("disk full");
            }
          : undefined;
        if (put === undefined) Reflect.deleteProperty(storage.kv, "put");
        else Object.defineProperty(storage.kv, "put", { value: put, configurable: true });
      });
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    await breakStorage(true);
    expect(await stub.record("enam", "enam", FAILING)).toMatchObject({ breaker: "open" });
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("open")));
    pass(40_000);
    await runDurableObjectAlarm(stub);
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("half-open")));
    expect(await stub.takePermit("enam")).toBeNull();
    await breakStorage(false);
    expect(await stub.takePermit("enam")).not.toBeNull();
    await evict();
    expect((await stub.inspect()).agreement.permits.slots).toHaveLength(1);
  });
});

describe("hubs that are away", () => {
  it("are told again until they have it", async () => {
    const { stub, pushed, away } = await setUp();
    away.add("weur");
    await stub.record("enam", "enam", FAILING);
    await vi.waitFor(() => expect(phases(pushed)).toEqual({ enam: "open", wnam: "open", apac: "open" }));
    away.clear();
    await vi.waitFor(async () => expect(await rows(stub)).toContain("agreement"));
    await runDurableObjectAlarm(stub);
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("open")));
  });

  it("that have a later version than a breaker that lost its last writes get one above it", async () => {
    const { stub, pushed } = await setUp();
    const ahead: BreakerState = { version: 41, breaker: "closed", admission: 1, verdict: "unknown" };
    pushed.set("weur", ahead);
    await stub.record("enam", "enam", FAILING);
    await vi.waitFor(() => expect(pushed.get("weur")).toMatchObject({ breaker: "open" }));
    expect(pushed.get("weur")!.version).toBeGreaterThan(41);
  });

  it("get what they missed as the answer to their next call", async () => {
    const { stub, away } = await setUp();
    away.add("weur");
    await stub.record("enam", "enam", FAILING);
    await vi.waitFor(async () => expect((await stub.inspect()).agreement.world.phase).toBe("open"));
    expect(await stub.record("weur", "weur", { ...FAILING, failures: 1, longestFailureRun: 1 })).toMatchObject({
      breaker: "open",
    });
  });
});

describe("the clock", () => {
  it("set back an hour makes nobody wait longer than the open time", async () => {
    const { stub } = await setUp();
    await stub.record("enam", "enam", FAILING);
    pass(-3_600_000);
    await runDurableObjectAlarm(stub);
    pass(40_000);
    await runDurableObjectAlarm(stub);
    expect(await stub.takePermit("enam")).not.toBeNull();
  });
});

describe("health", () => {
  it("is regional first, and global by quorum of those that know", async () => {
    const { stub, pushed, witness } = await setUp({ enam: BUSY, weur: QUIET, apac: { ...QUIET, verdict: "up" } });
    expect(await stub.reportHealth("weur", "weur", "down", "status 500")).toMatchObject({ verdict: "down" });
    await vi.waitFor(() => expect(pushed.get("weur")).toMatchObject({ verdict: "down" }));
    expect((await stub.inspect()).states).toMatchObject({ enam: { verdict: "up" }, apac: { verdict: "up" } });

    witness["apac"] = { ...QUIET, verdict: "down" };
    await stub.reportHealth("apac", "apac", "down", "no answer in 5000 ms");
    await vi.waitFor(async () => expect((await stub.inspect()).globalVerdict).toBe("down"));
    expect((await stub.inspect()).states).toMatchObject({ enam: { verdict: "down" }, wnam: { verdict: "down" } });
    await vi.waitFor(() => expect(pushed.get("enam")).toMatchObject({ verdict: "down" }));

    witness["apac"] = { ...QUIET, verdict: "up" };
    expect(await stub.reportHealth("apac", "apac", "up", "status 200")).toBeDefined();
    await vi.waitFor(() => expect(pushed.get("enam")).toMatchObject({ verdict: "up" }));
    const { healthChanges } = await stub.inspect();
    expect(healthChanges.map(({ scope, verdict }) => `${scope} ${verdict}`)).toEqual([
      "weur down",
      "apac down",
      "world down",
      "apac up",
      "world up",
    ]);
  });
});

describe("a region whose isolates have just come", () => {
  it("is waited for before an origin is down for the world, and is no witness that it is up", async () => {
    const { stub, witness } = await setUp({ weur: { ...QUIET, unheardForMs: 200 } });
    await stub.reportHealth("enam", "enam", "down", "status 500");
    await scheduler.wait(50);
    expect(await stub.inspect()).toMatchObject({
      globalVerdict: "unknown",
      states: { enam: { verdict: "down" }, weur: { verdict: "unknown" } },
    });
    witness["weur"] = QUIET;
    await vi.waitFor(async () => expect((await stub.inspect()).globalVerdict).toBe("down"));
  });
});

describe("an origin that was added at runtime", () => {
  const introduction = { service: "demo", pool: "us-east", registeredAtMs: 1_000, capacity: null };

  it("follows the rules of its place, through an eviction", async () => {
    const { stub, pushed, evict } = await setUp();
    const unknown = { verdict: "unknown", breaker: "closed", admission: 1 };
    expect(await stub.introduce("weur", "weur", introduction)).toMatchObject(unknown);
    await evict();
    await stub.record("enam", "enam", FAILING);
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("open")));
    // The demo's service stays open for 5 s, 6 with all of the jitter; the default is 30.
    pass(6_001);
    await runDurableObjectAlarm(stub);
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("half-open")));
  });

  it("starts anew when it is registered anew, but for trials that may still run, and not when it is introduced again", async () => {
    const { stub, pushed } = await setUp();
    await stub.introduce("weur", "weur", introduction);
    await stub.reportHealth("enam", "enam", "down", "status 500");
    await stub.record("enam", "enam", FAILING);
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("open")));
    pass(6_001);
    await runDurableObjectAlarm(stub);
    expect(await stub.takePermit("enam")).not.toBeNull();
    expect(await stub.introduce("enam", "enam", introduction)).toMatchObject({ verdict: "down", breaker: "half-open" });
    const again = { ...introduction, registeredAtMs: 2_000 };
    expect(await stub.introduce("enam", "enam", again)).toMatchObject({ verdict: "unknown", breaker: "closed" });
    // A hub that has not heard yet.
    expect(await stub.introduce("apac", "apac", introduction)).toMatchObject({ verdict: "unknown" });
    expect((await stub.inspect()).agreement.permits.slots).toHaveLength(1);
    await vi.waitFor(() => expect(phases(pushed)).toEqual(EVERYWHERE("closed")));
  });
});

it("keeps the last 50 transitions", async () => {
  const { stub } = await setUp();
  await stub.record("enam", "enam", FAILING);
  await vi.waitFor(async () => expect((await stub.inspect()).agreement.world.phase).toBe("open"));
  for (let round = 0; round < 30; round++) {
    pass(400_000);
    await runDurableObjectAlarm(stub);
    await stub.settle((await stub.takePermit("enam"))!.id, "failure");
  }
  const { transitions } = await stub.inspect();
  expect(transitions).toHaveLength(50);
  expect(transitions.at(-1)).toMatchObject({ scope: "world", from: "half-open", to: "open", reason: "a trial failed" });
});

describe("an order by an operator", () => {
  it("is answered when the hubs have it, names those that have not, and is in the history", async () => {
    const { stub, pushed, away } = await setUp();
    away.add("apac");
    const opened = await stub.order({ kind: "open", reason: "token:ops: bad deploy", seconds: 60 });
    expect(opened.away).toEqual(["apac"]);
    expect(opened.told.toSorted()).toEqual(["enam", "weur", "wnam"]);
    expect(phases(pushed)).toEqual({ enam: "open", wnam: "open", weur: "open" });

    const reset = await stub.order({ kind: "reset", reason: "token:ops: rolled back", seconds: null });
    expect(reset.inspection.transitions.map(({ to, reason }) => [to, reason])).toEqual([
      ["open", "token:ops: bad deploy"],
      ["closed", "token:ops: rolled back"],
    ]);
    expect(phases(pushed)).toEqual({ enam: "closed", wnam: "closed", weur: "closed" });
  });

  it("survives an eviction", async () => {
    const { stub, evict } = await setUp();
    await stub.order({ kind: "open", reason: "by hand", seconds: 600 });
    await evict();
    expect((await stub.inspect()).agreement.world).toMatchObject({ phase: "open", reason: "by hand" });
  });
});
