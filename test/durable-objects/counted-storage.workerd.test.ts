import { describe, expect, it, vi } from "vitest";
import { CountedAlarm, countedStore } from "../../durable-objects/counted-storage.ts";
import type { OriginStore } from "../../durable-objects/hub-origins.ts";

function setUp(setForMs: number | null = null) {
  let atMs = setForMs;
  const storage = {
    getAlarm: () => Promise.resolve(atMs),
    setAlarm: vi.fn<(at: number) => Promise<void>>((at) => {
      atMs = at;
      return Promise.resolve();
    }),
  };
  const count = { rowsWritten: 0 };
  const alarm = new CountedAlarm(storage as unknown as DurableObjectStorage, count);
  return { alarm, storage, count, atMs: () => atMs };
}

describe("a hub's alarm", () => {
  it("is set once, however often it is wanted, and that is a row", async () => {
    const { alarm, count, atMs } = setUp();
    await Promise.all([alarm.want(5_000), alarm.want(6_000)]);
    expect([atMs(), count.rowsWritten]).toEqual([5_000, 1]);
  });

  it("that the instance before has set is left as it is", async () => {
    const { alarm, count, atMs } = setUp(4_000);
    await alarm.want(5_000);
    expect([atMs(), count.rowsWritten]).toEqual([4_000, 0]);
  });

  it("that could not be set is wanted again", async () => {
    const { alarm, storage, atMs } = setUp();
    storage.setAlarm.mockRejectedValueOnce(new Error("no storage"));
    await expect(alarm.want(5_000)).rejects.toThrow("no storage");
    await alarm.want(6_000);
    expect(atMs()).toBe(6_000);
  });

  it("that has rung waits to be wanted, where nothing is due", async () => {
    const { alarm, atMs } = setUp();
    await alarm.want(5_000);
    await alarm.again(null, undefined);
    expect(atMs()).toBe(5_000);
    const { alarm: next, storage } = setUp();
    await next.again(Date.now() + 60_000, undefined);
    await next.want(1);
    expect(storage.setAlarm).toHaveBeenCalledTimes(1);
  });
});

it("a store counts what it writes, and the removal of what is there", () => {
  const rows = new Map<string, unknown>();
  const count = { rowsWritten: 0 };
  const store = countedStore(
    {
      get: rows.get.bind(rows) as OriginStore["get"],
      put: (key: string, value: unknown) => void rows.set(key, value),
      delete: (key: string) => rows.delete(key),
    },
    count,
  );
  store.put("a", 1);
  store.delete("a");
  store.delete("a");
  expect([store.get("a"), count.rowsWritten]).toEqual([undefined, 2]);
});
