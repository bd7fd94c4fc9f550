import { expect, it } from "vitest";
import { geo } from "../../src/steering/geo.ts";
import type { Place } from "../../src/steering/place.ts";
import { all, options, origin, requestFrom } from "./support.ts";
import { seeded } from "../support/seeded.ts";

const members = ["us", "eu", "jp", "spare"].map((id, priority) => origin(id, { priority }));
const picker = geo.prepare(
  members,
  options("geo", {
    geo: {
      colos: { FRA: ["eu"] },
      countries: { DE: ["eu", "us"], JP: ["jp"] },
      regions: { apac: ["jp", "us"] },
      continents: { EU: ["eu"] },
      default: ["us"],
    },
  }),
  seeded(1),
);

/** The ids a request from there would try, in order. */
function order(place: Partial<Place>): string[] {
  const eligible = all(members.length);
  const request = requestFrom("enam", { place });
  const ids: string[] = [];
  for (let index = picker.pick(eligible, request); index !== -1; index = picker.pick(eligible, request)) {
    ids.push(members[index]!.id);
    eligible[index] = 0;
  }
  return ids;
}

it.each<[string, Partial<Place>, string[]]>([
  ["data centre before country", { colo: "FRA", country: "JP" }, ["eu", "us", "jp", "spare"]],
  ["country before continent", { country: "JP", continent: "EU" }, ["jp", "us", "eu", "spare"]],
  ["region before continent", { region: "apac", continent: "EU" }, ["jp", "us", "eu", "spare"]],
  ["continent", { country: "FR", continent: "EU" }, ["eu", "us", "jp", "spare"]],
  ["nobody's list: the default, then every other by priority", { country: "BR" }, ["us", "eu", "jp", "spare"]],
])("%s", (_, place, expected) => expect(order(place)).toEqual(expected));

it("says which list it followed", () => {
  expect(picker.reason(1, requestFrom("enam", { place: { country: "DE" } }))).toBe("number 1 for country DE");
});
