import { describe, expect, it } from "vitest";
import { formatFigure, formatTable, judge, type Target } from "../../bench/figure.ts";

const figure = (value: number, target: Target) => judge("t", { figure: "f", value, unit: "ms", target });

describe("judging a figure", () => {
  it.each<[number, Target, boolean]>([
    [200, { atMost: 200 }, true],
    [200.1, { atMost: 200 }, false],
    [0.92, { atLeast: 0.92 }, true],
    [0.9199, { atLeast: 0.92 }, false],
    [0, { equals: 0 }, true],
    [1, { equals: 0 }, false],
  ])("%d against %o", (value, target, met) => expect(figure(value, target).met).toBe(met));

  it("keeps value, unit and target as data", () => {
    expect(figure(3, { atMost: 5 })).toEqual({
      topic: "t",
      figure: "f",
      value: 3,
      unit: "ms",
      target: "<= 5",
      met: true,
    });
  });

  it.each([Number.NaN, Infinity])("refuses %d: what was not measured is not a figure", (value) =>
    expect(() => figure(value, { atMost: 5 })).toThrow("Expected `f` to be a finite number"),
  );
});

describe("printing", () => {
  it("says plainly that a figure is not met", () => {
    expect(formatFigure(figure(12.34567, { atMost: 5 }))).toBe("NOT MET  f: 12.35 ms (target <= 5)");
    expect(formatFigure(figure(5, { atMost: 5 }))).toBe("met      f: 5 ms (target <= 5)");
  });

  it("aligns a table that is Markdown too", () => {
    expect(
      formatTable([
        { who: "fairlead", p50: 1.25 },
        { who: "x", p50: 100 },
      ]).split("\n"),
    ).toEqual(["| who      | p50  |", "| -------- | ---- |", "| fairlead | 1.25 |", "| x        | 100  |"]);
  });
});
