import { describe, expect, it } from "vitest";
import { distanceKm, makePlacer, unitVector } from "../../src/steering/place.ts";

const place = makePlacer(["enam", "wnam", "weur", "apac"]);

describe("placing a request", () => {
  it.each([
    ["Frankfurt", { colo: "FRA", continent: "EU", latitude: "50.1", longitude: "8.6" }, "weur"],
    ["Tokyo", { colo: "NRT", continent: "AS", latitude: "35.7", longitude: "139.7" }, "apac"],
    ["Ashburn", { colo: "IAD", continent: "NA", latitude: "39.0", longitude: "-77.5" }, "enam"],
    ["San Jose", { colo: "SJC", continent: "NA", latitude: "37.3", longitude: "-121.9" }, "wnam"],
    ["a European without coordinates", { continent: "EU" }, "weur"],
    ["somebody of whom nothing is known", undefined, "enam"],
    ["nonsense coordinates", { continent: "AS", latitude: "north", longitude: "900" }, "apac"],
  ])("%s", (_, facts, region) => expect(place(facts).region).toBe(region));

  it("keeps a data centre in one region whatever its clients claim", () => {
    const placer = makePlacer(["enam", "weur"]);
    placer({ colo: "FRA", latitude: "50.1", longitude: "8.6" });
    expect(placer({ colo: "FRA", latitude: "39.0", longitude: "-77.5" }).region).toBe("weur");
  });
});

it("measures great-circle distance", () => {
  const frankfurt = unitVector([50.11, 8.68]);
  const tokyo = unitVector([35.68, 139.69]);
  expect(distanceKm(frankfurt, tokyo)).toBeCloseTo(9330, -2);
  expect(distanceKm(tokyo, tokyo)).toBe(0);
});
