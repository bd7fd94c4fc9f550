import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HEALTHY, isAffected, parseBehaviour } from "../../demo/behaviour.ts";

describe("a behaviour read from JSON", () => {
  it("fills in what was not said", () => {
    expect(parseBehaviour({ mode: "error" })).toEqual({ behaviour: { ...HEALTHY, mode: "error" } });
    expect(parseBehaviour({ mode: "slow", delayMs: 50, rate: 0.25 })).toEqual({
      behaviour: { mode: "slow", status: 503, delayMs: 50, rate: 0.25, at: "body" },
    });
  });

  it.each([
    [{ mode: "dead" }, "mode", 'one of "ok", "error", "slow", "hang", "reset", "down"', "dead"],
    [{}, "mode", 'one of "ok", "error", "slow", "hang", "reset", "down"', undefined],
    [{ mode: "error", status: 200 }, "status", "an integer from 400 to 599", 200],
    [{ mode: "error", status: "503" }, "status", "an integer from 400 to 599", "503"],
    [{ mode: "slow", delayMs: -1 }, "delayMs", "a number from 0 to 600000", -1],
    [{ mode: "slow", delayMs: Number.NaN }, "delayMs", "a number from 0 to 600000", Number.NaN],
    [{ mode: "reset", rate: 1.5 }, "rate", "a number from 0 to 1", 1.5],
    [{ mode: "reset", at: "tail" }, "at", 'one of "head", "body"', "tail"],
    [{ mode: "ok", toString: 1 }, "toString", "one of the fields mode, status, delayMs, rate, at", 1],
    [[], "body", 'a JSON object such as {"mode":"down"}', []],
    [null, "body", 'a JSON object such as {"mode":"down"}', null],
  ])("is refused with the field, what was expected and what came: %j", (input, field, expected, received) => {
    expect(parseBehaviour(input)).toEqual({ problems: [{ field, expected, received }] });
  });

  it("names every wrong field at once", () => {
    const parsed = parseBehaviour({ mode: "reset", rate: 2, colour: "red" });
    expect("problems" in parsed && parsed.problems.map(({ field }) => field)).toEqual(["colour", "rate"]);
  });
});

describe("the share of affected requests", () => {
  it("is spread evenly: at 0.5 every second request", () => {
    expect([1, 2, 3, 4, 5, 6].map((nth) => isAffected(nth, 0.5))).toEqual([false, true, false, true, false, true]);
  });

  it("is exact after any number of requests", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 500 }), (rate, requests) => {
        const affected = Array.from({ length: requests }, (_, index) => isAffected(index + 1, rate)).filter(Boolean);
        expect(affected.length).toBe(Math.floor(requests * rate));
      }),
    );
  });
});
