import { describe, expect, it } from "vitest";
import { roundTripMs } from "../../demo/round-trip.ts";
import { REGIONS, REGION_LOCATIONS, type Region } from "../../src/config/region.ts";

const EARTH_RADIUS_KM = 6371;
/** Light in fibre: two thirds of that in vacuum. */
const FIBRE_KM_PER_MS = 200;

function distanceKm(from: Region, to: Region): number {
  const [lat1, lon1, lat2, lon2] = [...REGION_LOCATIONS[from], ...REGION_LOCATIONS[to]].map(
    (degrees) => (degrees * Math.PI) / 180,
  ) as [number, number, number, number];
  const a = Math.sin((lat2 - lat1) / 2) ** 2 + Math.cos(lat1) * Math.cos(lat2) * Math.sin((lon2 - lon1) / 2) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(a));
}

const pairs = REGIONS.flatMap((from) => REGIONS.map((to) => [from, to] as const));

describe("the round trip between two regions", () => {
  it("is the same in both directions", () => {
    for (const [from, to] of pairs) expect(roundTripMs(from, to)).toBe(roundTripMs(to, from));
  });

  it("is never faster than light in fibre, and no more than five times slower", () => {
    for (const [from, to] of pairs.filter(([from, to]) => from !== to)) {
      const fastestMs = (2 * distanceKm(from, to)) / FIBRE_KM_PER_MS;
      expect([from, to, roundTripMs(from, to) >= fastestMs]).toEqual([from, to, true]);
      expect([from, to, roundTripMs(from, to) <= 5 * fastestMs]).toEqual([from, to, true]);
    }
  });

  it("is shortest at home", () => {
    for (const from of REGIONS) {
      const nearest = REGIONS.toSorted((a, b) => roundTripMs(from, a) - roundTripMs(from, b))[0];
      expect(nearest).toBe(from);
    }
  });
});
