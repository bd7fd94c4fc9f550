import { describe, expect, it } from "vitest";
import type { OriginReading, OriginReport } from "../../src/agreement/protocol.ts";
import { report, setUp } from "./hub-scene.workerd.ts";

describe("an origin's object", () => {
  const busy = { sent: 400, wanted: 800, successes: 400 };
  const perSecond = (over: Partial<OriginReport>) => ({ ...report(over), spanMs: 2_000 });

  it("hears every two seconds what a busy region sends, and the region keeps the share it answers", async () => {
    const { hub, clock, breaker } = setUp();
    breaker.world = { ratePerSecond: 1_200, kept: 0.4 };
    for (let second = 0; second < 4; second++, clock.ms += 1_000) await hub.takeReport(perSecond(busy), clock.ms);
    expect(breaker.loads).toHaveLength(2);
    expect(breaker.loads[0]).toMatchObject({ ratePerSecond: 200, demandPerSecond: 400, lossMs: Infinity });
    const [[, reading]] = [...hub.readings(clock.ms)] as [[string, OriginReading]];
    expect(reading).toMatchObject({ kept: 0.4, saturation: 1.2 });
  });

  it("hears a tenth as often of a region that sends little, and nothing of one that sends nothing", async () => {
    const { hub, clock, breaker } = setUp();
    breaker.world = { ratePerSecond: 10, kept: 1 };
    for (let second = 0; second < 22; second += 2, clock.ms += 2_000)
      await hub.takeReport(perSecond({ sent: 20, wanted: 20 }), clock.ms);
    expect(breaker.loads).toHaveLength(2);
    const quiet = setUp();
    await quiet.hub.takeReport({ ...report({}), origins: {} }, quiet.clock.ms);
    expect(quiet.breaker.loads).toEqual([]);
  });

  it("hears of those too whose level was turned away", async () => {
    const { hub, clock, breaker, offered } = setUp();
    offered.ratio = 1.5;
    await hub.takeReport(perSecond(busy), clock.ms);
    expect(breaker.loads[0]).toMatchObject({ ratePerSecond: 300, demandPerSecond: 400 });
  });

  it("that is away changes nothing", async () => {
    const { hub, clock, breaker } = setUp();
    breaker.world = { ratePerSecond: 1_200, kept: 0.4 };
    await hub.takeReport(perSecond(busy), clock.ms);
    breaker.isAway = true;
    clock.ms += 2_000;
    await hub.takeReport(perSecond(busy), clock.ms);
    const [[, reading]] = [...hub.readings(clock.ms)] as [[string, OriginReading]];
    expect(reading.kept).toBe(0.4);
  });
});
