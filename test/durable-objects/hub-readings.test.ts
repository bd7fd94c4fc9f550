import { describe, expect, it } from "vitest";
import { HubReadings } from "../../durable-objects/hub-readings.ts";
import type { OriginReading } from "../../src/agreement/protocol.ts";
import { deltaSince, emptySection } from "../../src/agreement/section.ts";
import { SOUND_READING } from "../support/reading.ts";

const READING = { ...SOUND_READING, latencyMs: 40, latencySamples: 10, inFlight: 3, load: 20, saturation: 0.5 };

function setUp() {
  const section = emptySection<OriginReading>();
  const readings = new HubReadings(section);
  readings.publish([["o1", READING]], 0);
  /** What an isolate that had it all then is told. */
  const have = section.version;
  const told = () => deltaSince(section, have)?.entries.map(({ key, value }) => [key, value?.latencyMs]) ?? [];
  return { readings, told, isUrgent: () => readings.urgentVersion > have };
}

describe("the readings that a hub gives its isolates", () => {
  it("end a hold when a verdict changes", () => {
    const { readings, told, isUrgent } = setUp();
    readings.tell("o1", { ...READING, breaker: "open" });
    expect(told()).toEqual([["o1", 40]]);
    expect(isUrgent()).toBe(true);
  });

  it("ride along, and end no hold, when only numbers change", () => {
    const { readings, told, isUrgent } = setUp();
    readings.publish([["o1", { ...READING, latencyMs: 400, load: 900 }]], 1_000);
    expect(told()).toEqual([["o1", 400]]);
    expect(isUrgent()).toBe(false);
  });

  it("are not told again for less than a difference that matters", () => {
    const { readings, told } = setUp();
    readings.publish([["o1", { ...READING, latencyMs: 41, inFlight: 4, load: 20.4, saturation: 0.51 }]], 1_000);
    expect(told()).toEqual([]);
  });

  it("are due once a second, and at once when the clock was set back", () => {
    const { readings } = setUp();
    expect([999, 1_000, -1].map((nowMs) => readings.isDue(nowMs))).toEqual([false, true, true]);
  });
});
