import { describe, expect, it } from "vitest";
import { PLACES } from "../../demo/places.ts";
import { hasPassed } from "../../demo/scenario.ts";
import { purgeReport, type Purged, type Seen } from "../../demo/scenarios/purge-report.ts";

const places = [PLACES.newYork, PLACES.tokyo];
const purged: Purged = { city: "New York", price: 2, sentMs: 100, answeredMs: 150, complete: true };
const seen = (city: string, sentMs: number, price: number, over: Partial<Seen> = {}): Seen => ({
  city,
  sentMs,
  endedMs: sentMs + 5,
  price,
  isHit: true,
  error: undefined,
  ...over,
});
const WELL = [
  ...places.map(({ city }) => seen(city, 140, 1)),
  ...places.flatMap(({ city }) => Array.from({ length: 20 }, (_, i) => seen(city, 150 + i, 2))),
];
const broken = (answers: readonly Seen[], purges: readonly Purged[] = [purged], asked = 2) =>
  purgeReport(places, purges, answers, asked).checks.flatMap(({ promise, kept }) => (kept ? [] : [promise]));

describe("the report of the purge scenario", () => {
  it("passes where every place has the new price, and tells how soon", () => {
    const report = purgeReport(places, [purged], WELL, 4);
    expect(hasPassed(report)).toBe(true);
    expect(report.figures).toMatchObject({ requests: 42, hits: 42, oldAfterAnswer: 0, purgeMedianMs: 50 });
    expect(report.table[1]).toEqual(["New York", "21", "21", "55 ms", "0"]);
  });

  it("calls an old price old only if it was asked for after the answer", () => {
    expect(broken([...WELL, seen("Tokyo", 149, 1, { endedMs: 400 })])).toEqual([]);
    expect(broken([...WELL, seen("Tokyo", 150, 1)])).toEqual(["no old price to a request sent after that"]);
  });

  it("does not pass without word from a place, with errors, with a shop asked too often, or with a purge that was not a fact", () => {
    expect(broken(WELL.filter(({ city }) => city !== "Tokyo"))).toEqual(["the new price is seen in every place"]);
    expect(broken([...WELL, seen("Tokyo", 200, 2, { price: null, error: "status 502" })])).toEqual([
      "no client sees an error",
    ]);
    expect(broken(WELL, [purged], 5)).toEqual(["the caches spare the shop nearly everything"]);
    expect(broken(WELL, [{ ...purged, complete: false }])).toEqual(["every purge is answered as a fact"]);
  });
});
