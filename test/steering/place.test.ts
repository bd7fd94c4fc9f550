import { describe, expect, it } from "vitest";
import { distanceKm, makePlacer, unitVector } from "../../src/steering/place.ts";

const place = makePlacer(["enam", "wnam", "weur", "apac"]);

const FRANKFURT = { colo: "FRA", continent: "EU", country: "DE", latitude: "50.1", longitude: "8.6" };
const RAY = "8e1f5d2c4b3a6978-FRA";

/** A request whose facts say when they are read. */
function watched(cf: object) {
  let reads = 0;
  const request = {
    get cf() {
      reads++;
      return cf;
    },
  };
  return { request, reads: () => reads };
}

describe("placing a request", () => {
  it.each([
    ["Frankfurt", { colo: "FRA", continent: "EU", latitude: "50.1", longitude: "8.6" }, "weur"],
    ["Tokyo", { colo: "NRT", continent: "AS", latitude: "35.7", longitude: "139.7" }, "apac"],
    ["Ashburn", { colo: "IAD", continent: "NA", latitude: "39.0", longitude: "-77.5" }, "enam"],
    ["San Jose", { colo: "SJC", continent: "NA", latitude: "37.3", longitude: "-121.9" }, "wnam"],
    ["a European without coordinates", { continent: "EU" }, "weur"],
    ["somebody of whom nothing is known", undefined, "enam"],
    ["nonsense coordinates", { continent: "AS", latitude: "north", longitude: "900" }, "apac"],
  ])("%s", (_, cf, region) => expect(place({ cf }).region).toBe(region));

  it("keeps a data centre in one region whatever its clients claim", () => {
    const placer = makePlacer(["enam", "weur"]);
    placer({ cf: FRANKFURT });
    expect(placer({ cf: { ...FRANKFURT, latitude: "39.0", longitude: "-77.5" } }).region).toBe("weur");
  });

  it("takes what else there is to know from the facts", () => {
    const { colo, country, continent, vector } = place({ cf: FRANKFURT });
    expect({ colo, country, continent }).toEqual({ colo: "FRA", country: "DE", continent: "EU" });
    expect(distanceKm(vector, unitVector([50.1, 8.6]))).toBe(0);
    expect(place({})).toMatchObject({ colo: "", country: "", continent: "" });
  });
});

describe("a data centre that the ray and the facts agree on", () => {
  it("tells the region by the ray alone, and the facts are read when somebody asks for more", () => {
    const placer = makePlacer(["enam", "weur"]);
    placer({ cf: FRANKFURT }, RAY);
    const { request, reads } = watched(FRANKFURT);
    const placed = placer(request, RAY);
    expect(placed.region).toBe("weur");
    expect(reads()).toBe(0);
    expect([placed.country, placed.colo, placed.country]).toEqual(["DE", "FRA", "DE"]);
    expect(reads()).toBe(1);
  });

  it.each([
    ["another ray than the facts' data centre", { ...FRANKFURT, colo: "IAD" }, RAY],
    ["no ray", FRANKFURT, null],
    ["a ray without a data centre", FRANKFURT, "8e1f5d2c4b3a6978"],
    ["facts that do not say where they are from", { colo: "FRA" }, RAY],
    ["no facts and a ray that ends in nothing", {}, "8e1f5d2c4b3a6978-"],
  ])("is not learnt from %s", (_, cf, ray) => {
    const placer = makePlacer(["enam", "weur"]);
    placer({ cf }, ray);
    const { request, reads } = watched({ ...FRANKFURT, colo: "SJC", latitude: "39.0", longitude: "-77.5" });
    expect(placer(request, ray).region).toBe("enam");
    expect(reads()).toBeGreaterThan(0);
  });

  it("says nothing of another", () => {
    const placer = makePlacer(["enam", "weur"]);
    placer({ cf: FRANKFURT }, RAY);
    const ashburn = { colo: "IAD", latitude: "39.0", longitude: "-77.5" };
    expect(placer({ cf: ashburn }, "8e1f5d2c4b3a6978-IAD").region).toBe("enam");
  });
});

it("measures great-circle distance", () => {
  const frankfurt = unitVector([50.11, 8.68]);
  const tokyo = unitVector([35.68, 139.69]);
  expect(distanceKm(frankfurt, tokyo)).toBeCloseTo(9330, -2);
  expect(distanceKm(tokyo, tokyo)).toBe(0);
});
