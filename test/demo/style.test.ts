import { describe, expect, it } from "vitest";
import { styleFor, table } from "../../demo/style.ts";

describe("colours", () => {
  it("are for terminals", () => {
    expect(styleFor({ isTTY: true }, {}).bad("x")).toBe("\u001B[31mx\u001B[39m");
    expect(styleFor({}, {}).bad("x")).toBe("x");
  });

  it.each([{ NO_COLOR: "1" }, { TERM: "dumb" }])("are left out under %j", (environment) => {
    expect(styleFor({ isTTY: true }, environment).good("x")).toBe("x");
  });

  it("are not left out by an empty NO_COLOR", () => {
    expect(styleFor({ isTTY: true }, { NO_COLOR: "" }).bold("x")).not.toBe("x");
  });
});

describe("a table", () => {
  it("aligns the first column to the left and the others to the right", () => {
    expect(
      table([
        ["", "before", "after"],
        ["apac", "5 %", "100 %"],
        ["requests", "80", ""],
      ]),
    ).toEqual(["           before   after", "apac          5 %   100 %", "requests       80"]);
  });
});
