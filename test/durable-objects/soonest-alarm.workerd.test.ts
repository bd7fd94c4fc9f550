import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { OriginBreaker } from "../../durable-objects/origin-breaker.ts";
import { SoonestAlarm } from "../../durable-objects/soonest-alarm.ts";
import type { HubForObjects } from "../../src/agreement/protocol.ts";

const breakers = (env as unknown as { ORIGIN_BREAKER: DurableObjectNamespace<OriginBreaker> }).ORIGIN_BREAKER;

afterEach(() => void vi.restoreAllMocks());

it.each([0, 3, 50, 700])("goes on when its alarm rings %i ms early by the object's clock", async (behindMs) => {
  const platformNow = Date.now;
  const stub = breakers.getByName(`behind by ${behindMs}`);
  /** For what times it rang, and what it was set for from then on. */
  const rings: { readonly forMs: number; readonly setForMs: number[] }[] = [];
  await runInDurableObject(stub, (instance, { storage }) => {
    instance.hub = () => ({ push: () => Promise.resolve({ instance: "hub", version: 0 }) }) as unknown as HubForObjects;
    const alarm = instance.alarm.bind(instance);
    instance.alarm = (info) => {
      rings.push({ forMs: info!.scheduledTime, setForMs: [] });
      return alarm(info);
    };
    const setAlarm = storage.setAlarm.bind(storage);
    storage.setAlarm = (atMs) => {
      rings.at(-1)?.setForMs.push(Number(atMs));
      return setAlarm(atMs);
    };
  });
  // The platform rings by its own clock, which no test can set.
  vi.spyOn(Date, "now").mockImplementation(() => platformNow() - behindMs);
  await stub.order({ kind: "open", reason: "by hand", seconds: 1 });
  await vi.waitFor(async () => expect((await stub.inspect()).agreement.world.phase).toBe("half-open"), 5_000);
  for (const { forMs, setForMs } of rings) expect(setForMs).not.toContain(forMs);
  // And not by being rung again and again until the object's clock has come that far.
  expect(rings.length).toBeLessThanOrEqual(3);
});

describe("the soonest of several wishes", () => {
  const SCHEDULED = { isRetry: false, retryCount: 0 };

  function setUp() {
    const setAlarm = vi.fn<(atMs: number | Date) => Promise<void>>(() => Promise.resolve());
    return { alarm: new SoonestAlarm({ setAlarm }), times: () => setAlarm.mock.calls.map(([atMs]) => atMs) };
  }

  it("is what the alarm is set for; a later one moves nothing", () => {
    const { alarm, times } = setUp();
    for (const wantedMs of [9_000, 12_000, 7_000, Infinity]) alarm.want(wantedMs, 5_000);
    expect(times()).toEqual([9_001, 7_001]);
  });

  it("is asked for anew once the alarm has rung", () => {
    const { alarm, times } = setUp();
    alarm.want(7_000, 5_000);
    alarm.rings({ ...SCHEDULED, scheduledTime: 7_001 });
    alarm.want(12_000, 7_002);
    expect(times()).toEqual([7_001, 12_001]);
  });

  it("is asked for again when it could not be set", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const setAlarm = vi
      .fn<(atMs: number | Date) => Promise<void>>(() => Promise.resolve())
      .mockRejectedValueOnce(new Error("no storage"));
    const alarm = new SoonestAlarm({ setAlarm });
    alarm.want(7_000, 5_000);
    await vi.waitFor(() => expect(logged).toHaveBeenCalled());
    alarm.want(7_000, 5_000);
    expect(setAlarm).toHaveBeenCalledTimes(2);
  });
});
