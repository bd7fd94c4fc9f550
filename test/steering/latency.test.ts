import { describe, expect, it } from "vitest";
import { REGION_LOCATIONS, type Region } from "../../src/config/region.ts";
import { latency } from "../../src/steering/latency.ts";
import { unitVector } from "../../src/steering/place.ts";
import { all, options, origin, requestFrom } from "./support.ts";
import { seeded } from "../support/seeded.ts";

const at = (region: Region, latencyMs = Number.NaN) =>
  origin(region, {
    vector: unitVector(REGION_LOCATIONS[region]),
    latencyMs,
    latencySamples: Number.isNaN(latencyMs) ? 0 : 10,
  });
const pick = (members: ReturnType<typeof at>[], from: Region, random = 0) =>
  latency.prepare(members, options("latency"), () => random).pick(all(members.length), requestFrom(from));

describe("latency", () => {
  it("takes the nearest until something is measured", () => {
    const members = [at("enam"), at("wnam"), at("weur"), at("apac")];
    expect(pick(members, "weur")).toBe(2);
    expect(pick(members, "apac")).toBe(3);
  });

  it("believes a measurement over distance", () => {
    expect(pick([at("weur", 300), at("enam", 90)], "weur")).toBe(1);
  });

  it("tries an unmeasured neighbour once the nearest is slower than light to the neighbour", () => {
    expect(pick([at("weur", 300), at("enam")], "weur")).toBe(1);
    expect(pick([at("weur", 30), at("enam")], "weur")).toBe(0);
  });

  it("shares traffic among measured members within tolerance, by weight", () => {
    const members = [at("weur", 20), at("eeur", 28), at("enam", 31)];
    members[1]!.weight = 3;
    const picker = latency.prepare(members, options("latency"), seeded(1));
    const counts = [0, 0, 0];
    for (let i = 0; i < 10_000; i++) counts[picker.pick(all(3), requestFrom("weur"))]!++;
    expect(counts[2]).toBe(0);
    expect(counts[1]! / 10_000).toBeCloseTo(0.75, 1);
  });
});

describe("a measurement that nothing renews", () => {
  const later = (ms: number) => ({ ...requestFrom("enam"), startedMs: ms });
  const pickLater = (members: ReturnType<typeof at>[], ms: number) =>
    latency.prepare(members, options("latency"), () => 0).pick(all(members.length), later(ms));

  it("gives a near origin that was slow once another chance", () => {
    const members = [at("enam", 200), at("wnam", 65)];
    members[1]!.latencyAtMs = 60_000;
    expect(pickLater(members, 4_000)).toBe(1);
    expect(pickLater(members, 60_000)).toBe(0);
  });

  it("does not send anybody across an ocean to have another look", () => {
    const members = [at("enam", 10), at("apac", 160)];
    members[0]!.latencyAtMs = 300_000;
    expect(pickLater(members, 300_000)).toBe(0);
  });
});
