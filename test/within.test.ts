import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { within } from "../src/within.ts";

describe("a call that is waited for within a time", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("answers what it answers, and leaves no timer", async () => {
    expect(await within(100, Promise.resolve("word"))).toBe("word");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fails as it fails, and leaves no timer", async () => {
    await expect(within(100, Promise.reject(new Error("away")))).rejects.toThrow("away");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is given up when its time is up, and may fail after that without anybody hearing", async () => {
    const call = Promise.withResolvers<string>();
    const given = within(100, call.promise).catch((error: unknown) => String(error));
    await vi.advanceTimersByTimeAsync(99);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await given).toBe("Error: Expected an answer within 100 ms, got none");
    call.reject(new Error("too late"));
    await vi.advanceTimersByTimeAsync(0);
  });
});
