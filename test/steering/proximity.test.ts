import { expect, it } from "vitest";
import { REGION_LOCATIONS, type Region } from "../../src/config/region.ts";
import { unitVector } from "../../src/steering/place.ts";
import { proximity } from "../../src/steering/proximity.ts";
import { all, options, origin, requestFrom } from "./support.ts";
import { seeded } from "../support/seeded.ts";

const regions: Region[] = ["enam", "wnam", "weur", "apac"];
const members = regions.map((region) =>
  origin(region, { vector: unitVector(REGION_LOCATIONS[region]), latencyMs: 999 }),
);
const picker = proximity.prepare(members, options("proximity"), seeded(1));

it.each<[Region, Region]>([
  ["eeur", "weur"],
  ["oc", "apac"],
  ["sam", "enam"],
])("from %s goes to %s whatever was measured", (from, to) => {
  expect(regions[picker.pick(all(4), requestFrom(from))]).toBe(to);
});
