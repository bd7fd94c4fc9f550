import { describe, expect, it } from "vitest";
import { formatSpread, median, quantile } from "../../bench/statistics.ts";

describe("medians and quartiles", () => {
  it("does not depend on the order of the values, nor change it", () => {
    const values = [10, 2, 33];
    expect(median(values)).toBe(10);
    expect(values).toEqual([10, 2, 33]);
  });

  it("interpolates between the two in the middle", () => expect(median([4, 1, 3, 2])).toBe(2.5));

  it.each([
    [0, 1],
    [0.25, 2],
    [1, 5],
  ])("quantile %d", (q, expected) => expect(quantile([5, 4, 3, 2, 1], q)).toBe(expected));

  it("refuses an empty list, which has no median", () => expect(() => median([])).toThrow("got none"));

  it("prints the quartiles beside the median", () => expect(formatSpread([1, 2, 3, 4, 5], 1)).toBe("3.0 (2.0 to 4.0)"));
});
