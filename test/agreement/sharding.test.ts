import { describe, expect, it } from "vitest";
import {
  hubFor,
  ISOLATES_PER_HUB,
  paceFor,
  regionOf,
  releaseDelayMs,
  shardsFor,
} from "../../src/agreement/sharding.ts";
import { COALESCE_MS } from "../../src/agreement/timing.ts";

describe("the work of a hub", () => {
  it.each([1, 12, 100, ISOLATES_PER_HUB])("stays under 500 calls/s with %i isolates at their worst", (isolates) => {
    const { holdMs, urgentMs } = paceFor(isolates);
    const releaseMs = releaseDelayMs(0, isolates);
    // A release ends every held call and so takes the place of the hold.
    const syncsPerSecond = (isolates * 1_000) / Math.min(holdMs, releaseMs);
    const urgentPerSecond = (isolates * 1_000) / urgentMs;
    expect(syncsPerSecond + urgentPerSecond).toBeLessThanOrEqual(500);
  });

  it("releases the first change after a quiet time at once", () => {
    expect(releaseDelayMs(10_000, ISOLATES_PER_HUB)).toBe(COALESCE_MS);
  });

  it.each([500, 5_000, 50_000])("is shared so that %i isolates leave no hub more than its share", (isolates) => {
    const shards = shardsFor(isolates, 1);
    const loads = new Map<string, number>();
    for (let index = 0; index < isolates; index++) {
      const hub = hubFor("weur", `isolate-${index}`, shards);
      loads.set(hub, (loads.get(hub) ?? 0) + 1);
    }
    expect(loads.size).toBe(shards);
    expect(Math.max(...loads.values())).toBeLessThan(ISOLATES_PER_HUB * 1.2);
    for (const hub of loads.keys()) expect(regionOf(hub)).toBe("weur");
  });

  it("grows at once and shrinks late", () => {
    expect(shardsFor(401, 1)).toBe(2);
    expect(shardsFor(399, 2)).toBe(2);
    expect(shardsFor(200, 2)).toBe(1);
    expect(shardsFor(0, 8)).toBe(1);
  });
});
