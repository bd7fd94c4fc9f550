import { describe, expect, it } from "vitest";
import { nextAlarmMs } from "../../durable-objects/next-alarm.ts";

describe("the time an alarm is set for", () => {
  it("is later than the alarm that rings, also when that rang early or for part of a millisecond", () => {
    expect(nextAlarmMs(1_000, 999)).toBeGreaterThan(1_000);
    expect(nextAlarmMs(1_000.7, 1_000)).toBeGreaterThan(1_001);
  });

  it("is soon where it is overdue, what is wanted otherwise, and never where that is wanted", () => {
    expect(nextAlarmMs(1_000, 5_000)).toBe(5_005);
    expect(nextAlarmMs(9_000, 5_000)).toBe(9_001);
    expect(nextAlarmMs(Infinity, 5_000)).toBe(Infinity);
  });

  it("is by the clock that rang, where that is ahead", () => {
    expect(nextAlarmMs(1_000, 900, 1_001)).toBe(1_001 + 101);
  });

  it("is not put off for longer than a second, and is never the time it rang for", () => {
    expect(nextAlarmMs(1_000, 900, 3_600_000)).toBe(2_001);
    expect(nextAlarmMs(1_000, 900, 2_001)).not.toBe(2_001);
  });
});
