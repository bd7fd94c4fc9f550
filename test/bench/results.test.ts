import { describe, expect, it } from "vitest";
import { judge, type Figure } from "../../bench/figure.ts";
import { formatSection, replaceFigures, replaceSection } from "../../bench/results.ts";

const section = (topic: string, value: number) =>
  formatSection(
    {
      topic,
      figures: [judge(topic, { figure: "f", value, unit: "ms", target: { atMost: 1 } })],
      details: ["a note"],
      failure: null,
      seconds: 12.3,
    },
    { date: "2026-11-20", machine: "a machine", command: `npm run figures -- ${topic}` },
  );

describe("RESULTS.md", () => {
  it("says when, where and how each section was measured", () => {
    const text = section("cache", 2);
    expect(text).toContain("2026-11-20, a machine, `npm run figures -- cache`, 12 s");
    expect(text).toMatch(/\| f +\| 2 ms +\| <= 1 +\| NO +\|/);
    expect(text).toContain("a note");
  });

  it("replaces one topic's section and no other", () => {
    const both = replaceSection(replaceSection("", "steering", section("steering", 1)), "cache", section("cache", 2));
    const again = replaceSection(both, "cache", section("cache", 3));
    expect(again.match(/^## .*$/gm)).toEqual(["## cache", "## steering"]);
    expect(again).toContain(section("cache", 3));
    expect(again).toContain(section("steering", 1));
    expect(again).not.toContain("| 2 ms");
  });

  it("is the same after the same section is put again", () => {
    const once = replaceSection("", "cache", section("cache", 2));
    expect(replaceSection(once, "cache", section("cache", 2))).toBe(once);
  });
});

describe("results.json", () => {
  const result = (topic: string, value: number) => {
    const figures = [judge(topic, { figure: "f", value, unit: "ms", target: { atMost: 1 } })];
    return { topic, figures, details: [], failure: null, seconds: 1 };
  };
  const values = (figures: readonly Figure[]) => figures.map(({ topic, value }) => [topic, value]);

  it("replaces one topic's figures and no other's, by the order of names", () => {
    const three = ["c", "a", "b"].reduce((figures, topic) => replaceFigures(figures, result(topic, 1)), [] as Figure[]);
    expect(values(replaceFigures(three, result("b", 2)))).toEqual([
      ["a", 1],
      ["b", 2],
      ["c", 1],
    ]);
  });
});
