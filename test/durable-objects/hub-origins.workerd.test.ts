import { describe, expect, it } from "vitest";
import type { OriginReading, OriginReport } from "../../src/agreement/protocol.ts";
import { originSettings } from "../../src/config/origin-settings.ts";
import { CLOSED, push, report, setUp } from "./hub-scene.workerd.ts";

describe("what is forwarded to a breaker", () => {
  it("is nothing while all is well", async () => {
    const { hub, clock, breaker } = setUp();
    await hub.takeReport(report({ successes: 100 }), clock.ms);
    expect(breaker.records).toEqual([]);
  });

  it("are failures at once, and successes too while there are failures in the window", async () => {
    const { hub, clock, breaker } = setUp();
    await hub.takeReport(report({ successes: 3, failures: 1 }), clock.ms);
    clock.ms += 500;
    await hub.takeReport(report({ successes: 10 }), clock.ms);
    clock.ms += 600;
    await hub.takeReport(report({ successes: 20 }), clock.ms);
    expect(breaker.records).toMatchObject([
      { successes: 3, failures: 1, longestFailureRun: 1 },
      { successes: 30, failures: 0, longestFailureRun: 0 },
    ]);
    clock.ms += 11_000;
    await hub.takeReport(report({ successes: 40 }), clock.ms);
    expect(breaker.records).toHaveLength(2);
  });

  it("are successes on the ramp, which needs them to rise", async () => {
    const { hub, clock, breaker } = setUp();
    hub.push(push({ version: 1, admission: 0.1 }));
    await hub.takeReport(report({ successes: 5 }), clock.ms);
    expect(breaker.records).toMatchObject([{ successes: 5, failures: 0 }]);
  });

  it("is kept while the breaker is away, and sent when it is back", async () => {
    const { hub, clock, breaker } = setUp();
    breaker.isAway = true;
    await hub.takeReport(report({ failures: 2 }), clock.ms);
    await hub.takeReport(report({ failures: 3 }), clock.ms);
    breaker.isAway = false;
    clock.ms += 1_001;
    await hub.takeReport(report({ failures: 1, longestFailureRun: 6 }), clock.ms);
    expect(breaker.records).toMatchObject([{ failures: 6, longestFailureRun: 6 }]);
  });

  it("are slow answers, and the others with them while there are any", async () => {
    const { hub, clock, breaker } = setUp();
    await hub.takeReport(report({ successes: 10, slow: 6 }), clock.ms);
    clock.ms += 2_000;
    await hub.takeReport(report({ successes: 10 }), clock.ms);
    clock.ms += 11_000;
    await hub.takeReport(report({ successes: 10 }), clock.ms);
    expect(breaker.records).toMatchObject([
      { successes: 10, slow: 6 },
      { successes: 10, slow: 0 },
    ]);
  });

  it("is told late as long as it is not older than the window, and never as a measurement of now", async () => {
    const { hub, clock, breaker } = setUp();
    const late = (ageMs: number, over: Partial<OriginReport>) => ({ ...report(over), ageMs });
    const latency = { samples: 1, sumMs: 900, maxMs: 900 };
    await hub.takeReport(late(10_000, { successes: 3, failures: 5, latency }), clock.ms);
    expect(hub.witness("o1")).toMatchObject({ successes: 0, failures: 0 });
    await hub.takeReport(late(6_000, { successes: 3, failures: 5, latency, inFlight: 4 }), clock.ms);
    expect(breaker.records).toMatchObject([{ successes: 3, failures: 5 }]);
    expect([...hub.readings(clock.ms)]).toMatchObject([["o1", { latencySamples: 0, inFlight: 0, load: 0.8 }]]);
    clock.ms += 5_000;
    expect(hub.witness("o1")).toMatchObject({ successes: 0, failures: 0 });
    // Nor with what is going wrong now.
    await hub.takeReport(report({ failures: 1 }), clock.ms);
    await hub.takeReport(late(10_000, { failures: 50 }), clock.ms);
    expect(breaker.records.map(({ failures }) => failures)).toEqual([5, 1]);
  });

  it("are the outcomes of trials", async () => {
    const { hub, clock, breaker } = setUp();
    await hub.takeReport(report({}, [{ id: "p1", origin: "o1", outcome: "success" }]), clock.ms);
    expect(breaker.settled).toEqual(["p1 success"]);
  });
});

describe("a breaker's word", () => {
  it("changes the reading and releases held calls, once, and an older one changes nothing", () => {
    const { hub, changes } = setUp();
    expect(hub.push(push({ version: 2, breaker: "open" }))).toEqual({ version: 2 });
    expect(hub.push(push({ version: 2, breaker: "open" }))).toEqual({ version: 2 });
    expect(hub.push(push({ version: 1 }))).toEqual({ version: 2 });
    expect(changes).toMatchObject([{ breaker: "open" }]);
  });

  it("given as the answer to a call counts like one pushed", async () => {
    const { hub, clock, breaker, changes } = setUp();
    breaker.says = { ...CLOSED, version: 7, breaker: "open" };
    await hub.takeReport(report({ failures: 5 }), clock.ms);
    expect(changes).toMatchObject([{ breaker: "open" }]);
  });

  it("survives the hub's eviction while it says anything, and costs no row when it says nothing", () => {
    const { hub, make, clock, rows } = setUp();
    hub.push(push({ version: 2, breaker: "open" }));
    expect([...make().readings(clock.ms)]).toMatchObject([["o1", { breaker: "open" }]]);
    hub.push(push({ version: 3 }));
    expect(rows.size).toBe(0);
  });

  it("reaches isolates although it cannot be stored", () => {
    const { hub, make, clock, changes, rows, disk } = setUp();
    disk.isFull = true;
    expect(hub.push(push({ version: 2, breaker: "open" }))).toEqual({ version: 2 });
    expect(changes).toMatchObject([{ breaker: "open" }]);
    disk.isFull = false;
    expect([...make().readings(clock.ms)]).toMatchObject([["o1", { breaker: "closed" }]]);
    hub.push(push({ version: 3, breaker: "half-open" }));
    expect(rows.size).toBe(1);
  });

  it("makes counts of before worthless", async () => {
    const { hub, clock, breaker } = setUp();
    breaker.isAway = true;
    await hub.takeReport(report({ failures: 5 }), clock.ms);
    breaker.isAway = false;
    hub.push(push({ version: 1, breaker: "half-open" }));
    hub.push(push({ version: 2, admission: 0.1 }));
    clock.ms += 1_001;
    await hub.takeReport(report({ successes: 1 }), clock.ms);
    expect(breaker.records).toMatchObject([{ successes: 1, failures: 0 }]);
  });
});

describe("permits", () => {
  it("are asked for only while the origin is half-open, and not again at once after there was none", async () => {
    const { hub, clock, breaker } = setUp();
    await hub.takePermit("o1");
    expect(breaker.permits).toBe(0);
    hub.push(push({ version: 1, breaker: "half-open" }));
    await hub.takePermit("o1");
    await hub.takePermit("o1");
    expect(breaker.permits).toBe(1);
    clock.ms += 300;
    await hub.takePermit("o1");
    expect(breaker.permits).toBe(2);
  });

  it("are none while the breaker is away", async () => {
    const { hub, breaker } = setUp();
    hub.push(push({ version: 1, breaker: "half-open" }));
    breaker.isAway = true;
    expect(await hub.takePermit("o1")).toBeNull();
  });
});

/** One alarm's worth of probes, with the region's isolates there. */
async function round({ hub, clock }: ReturnType<typeof setUp>): Promise<void> {
  hub.takeSync(clock.ms);
  await hub.startProbes(clock.ms).done;
  clock.ms += 11_000;
}

describe("probes", () => {
  it("turn a region's verdict after `consecutiveDown`, tell the breaker and the isolates, and back", async () => {
    const test = setUp();
    await round(test);
    test.probes.status = 500;
    await round(test);
    await round(test);
    expect(test.changes).toEqual([]);
    await round(test);
    expect(test.changes).toMatchObject([{ healthy: false }]);
    expect(test.breaker.health).toEqual(["down: status 500"]);
    test.hub.push(push({ version: 1, verdict: "down" }));

    test.probes.status = 200;
    test.breaker.says = { ...CLOSED, version: 2, verdict: "up" };
    await round(test);
    await round(test);
    expect(test.changes.map(({ healthy }) => healthy)).toEqual([false, true]);
    expect(test.breaker.health).toEqual(["down: status 500", "up: status 200"]);
  });

  it("leave an origin alone that traffic is measuring, and measure one that none does", async () => {
    const test = setUp();
    await test.hub.takeReport(report({ successes: 1, latency: { samples: 2, sumMs: 80, maxMs: 50 } }), test.clock.ms);
    await round(test);
    expect(test.probes.count).toBe(0);
    await round(test);
    expect(test.probes.count).toBe(1);
    const [[, reading]] = [...test.hub.readings(test.clock.ms)] as [[string, OriginReading]];
    expect(reading).toMatchObject({ latencySamples: 3 });
  });

  it("are not sent twice when the alarm rings twice", async () => {
    const test = setUp();
    test.hub.takeSync(test.clock.ms);
    await Promise.all([test.hub.startProbes(test.clock.ms).done, test.hub.startProbes(test.clock.ms).done]);
    expect(test.probes.count).toBe(1);
  });
});

describe("an origin that is added at runtime", () => {
  /** The hub once `o2` was registered, next to `o1`. */
  async function registered(monitor: object = {}) {
    const test = setUp(monitor);
    const { p } = test.config.services["s"]!.pools;
    p!.origins.push({ ...p!.origins[0]!, id: "o2" });
    const settings = originSettings(test.config, new Map([["o2", test.clock.ms]]));
    await test.hub.update(settings);
    const healthy = () => new Map(test.hub.readings(test.clock.ms)).get("o2")?.healthy;
    return { ...test, settings, healthy };
  }

  it("gets no traffic before its first good probe, which the breaker and the isolates hear of", async () => {
    const test = await registered();
    expect(test.breaker.introduced).toEqual([
      { service: "s", pool: "p", registeredAtMs: test.clock.ms, capacity: 1_000 },
    ]);
    expect(test.changes).toMatchObject([{ healthy: false }]);
    expect(test.healthy()).toBe(false);
    await round(test);
    expect(test.changes.map(({ healthy }) => healthy)).toEqual([false, true]);
    expect(test.breaker.health).toEqual(["up: status 200"]);
  });

  it("gets traffic at once for as long as `graceSeconds` says", async () => {
    const test = await registered({ graceSeconds: 60 });
    test.probes.status = 500;
    expect(test.healthy()).toBe(true);
    test.clock.ms += 60_000;
    test.hub.endGrace();
    test.hub.endGrace();
    expect(test.changes.map(({ healthy }) => healthy)).toEqual([true, false]);
  });

  it("stays in use when the hub restarts, once there was a verdict", async () => {
    const test = await registered();
    test.breaker.says = { ...CLOSED, version: 1, verdict: "up" };
    await round(test);
    const after = test.make();
    await after.update(test.settings);
    expect(new Map(after.readings(test.clock.ms)).get("o2")).toMatchObject({ healthy: true });
  });

  it("is forgotten when it is removed, and waits for a verdict again when it comes back", async () => {
    const test = await registered();
    test.breaker.says = { ...CLOSED, version: 1, verdict: "up" };
    await round(test);
    await test.hub.update(originSettings(test.config, new Map([["o2", test.clock.ms + 1]])));
    expect(test.gone).toEqual(["o2"]);
    test.config.services["s"]!.pools["p"]!.origins.pop();
    await test.hub.update(originSettings(test.config));
    expect(test.gone).toEqual(["o2", "o2"]);
    expect(test.rows.size).toBe(0);
    expect([...test.hub.readings(test.clock.ms)].map(([origin]) => origin)).toEqual(["o1"]);
  });
});

it("tells a breaker that asks who has traffic, and how it fares", async () => {
  const { hub, clock } = setUp();
  expect(hub.witness("o1")).toEqual({ successes: 0, failures: 0, verdict: "unknown", unheardForMs: 0 });
  await hub.takeReport(report({ successes: 9, failures: 1 }), clock.ms);
  expect(hub.witness("o1")).toEqual({ successes: 9, failures: 1, verdict: "unknown", unheardForMs: 0 });
  hub.push(push({ version: 1, breaker: "open" }));
  hub.push(push({ version: 2 }));
  expect(hub.witness("o1")).toMatchObject({ successes: 9 });
  clock.ms += 20_000;
  expect(hub.witness("o1")).toEqual({ successes: 0, failures: 0, verdict: "unknown", unheardForMs: 0 });
});

it("says for how long its isolates' traffic may not have been heard of: after their first call, and after a restart", () => {
  const { hub, make, clock } = setUp();
  expect(hub.witness("o1").unheardForMs).toBe(0);
  hub.takeSync(clock.ms);
  clock.ms += 2_000;
  hub.takeSync(clock.ms);
  expect(hub.witness("o1").unheardForMs).toBe(3_000);
  clock.ms += 3_000;
  expect(hub.witness("o1").unheardForMs).toBe(0);
  clock.ms += 20_000;
  hub.takeSync(clock.ms);
  expect(hub.witness("o1").unheardForMs).toBe(5_000);
  clock.ms -= 3_600_000;
  expect(hub.witness("o1").unheardForMs).toBe(5_000);
  expect(make({ hasIsolates: true }).witness("o1").unheardForMs).toBe(5_000);
});

it("adds up the region's load and in-flight attempts, and forgets isolates that went away", async () => {
  const { hub, clock } = setUp();
  await hub.takeReport(report({ successes: 50, inFlight: 4 }), clock.ms);
  await hub.takeReport({ ...report({ successes: 50, inFlight: 3 }), isolate: "i2" }, clock.ms);
  const reading = () => [...hub.readings(clock.ms)][0]![1];
  expect(reading()).toMatchObject({ inFlight: 7, load: 10 });
  clock.ms += 20_000;
  expect(reading()).toMatchObject({ inFlight: 0, load: 0 });
});
