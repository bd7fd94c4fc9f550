import { expect, it } from "vitest";
import { Flights, type Landing } from "../../src/proxy/cache-flights.ts";

const STORED: Landing<string> = { kind: "stored", entry: "a" };

it("a fetch is waited for by all who ask for the same, and then is over", async () => {
  const flights = new Flights<string>();
  const land = flights.begin("k", 0)!;
  expect([flights.begin("k", 59_999), flights.isUnderWay("k"), flights.isUnderWay("l")]).toEqual([null, true, false]);
  const waiting = [flights.wait("k", 60_000), flights.wait("k", 60_000)];
  land(STORED);
  expect(await Promise.all(waiting)).toEqual([STORED, STORED]);
  expect(await flights.wait("k", 60_000)).toBeNull();
});

it("a fetch whose beginner is gone gives way after a minute, and its late landing ends no other", async () => {
  const flights = new Flights<string>();
  const landLate = flights.begin("k", 0)!;
  const land = flights.begin("k", 60_000);
  expect(land).not.toBeNull();
  landLate({ kind: "unshared" });
  expect(flights.isUnderWay("k")).toBe(true);
  const waiting = flights.wait("k", 60_000);
  land!(STORED);
  expect(await waiting).toEqual(STORED);
});

it("nobody waits longer than told", async () => {
  const flights = new Flights<string>();
  flights.begin("k", 0);
  expect(await flights.wait("k", 1)).toBeNull();
});

it("an answer that could not be shared is not waited for ten seconds long", () => {
  const flights = new Flights<string>();
  flights.markUnshared("k", 0);
  expect([flights.isUnshared("k", 9_999), flights.isUnshared("l", 0), flights.isUnshared("k", 10_000)]).toEqual([
    true,
    false,
    false,
  ]);
});
