import { describe, expect, it } from "vitest";
import { exponentOf } from "../../bench/growth/fit.ts";

const grown = (value: (size: number) => number) =>
  exponentOf([4, 20, 100, 1_000].map((size) => [size, value(size)] as const));

describe("the order of growth", () => {
  it("is 0 for what is constant, 1 for what is linear, 2 for what is quadratic", () => {
    expect(grown(() => 7)).toBeCloseTo(0);
    expect(grown((size) => 3 * size)).toBeCloseTo(1);
    expect(grown((size) => size * size)).toBeCloseTo(2);
  });

  it("refuses what has no order", () => {
    expect(() => exponentOf([[4, 1]])).toThrow("two sizes");
    expect(() =>
      exponentOf([
        [4, 1],
        [5, 0],
      ]),
    ).toThrow("got 5 and 0");
  });
});
