import { describe, expect, it } from "vitest";
import { Exposition } from "../../src/telemetry/exposition.ts";

describe("metrics as text", () => {
  it("keep a family together, whenever its samples came", () => {
    const out = new Exposition();
    out.add("a_total", "counter", "A.", { x: "1" }, 1);
    out.add("b", "gauge", "B.", {}, 0.5);
    out.add("a_total", "counter", "A.", { x: "2" }, 2);
    expect(out.text()).toBe(
      '# HELP a_total A.\n# TYPE a_total counter\na_total{x="1"} 1\na_total{x="2"} 2\n# HELP b B.\n# TYPE b gauge\nb 0.5\n',
    );
  });

  it("escape what the format escapes, and leave out labels that say nothing and values that are none", () => {
    const out = new Exposition();
    out.add("a", "gauge", 'back\\slash\nand "quotes"', { x: 'a"b\\c\nd', y: undefined }, Infinity);
    out.add("b", "gauge", "B.", {}, Number.NaN);
    expect(out.text()).toBe('# HELP a back\\\\slash\\nand "quotes"\n# TYPE a gauge\na{x="a\\"b\\\\c\\nd"} +Inf\n');
  });

  it("add up the buckets of a histogram, ending in one for everything", () => {
    const out = new Exposition();
    out.addHistogram("t_seconds", "T.", { s: "x" }, { bounds: [0.1, 1], buckets: [2, 0, 3], sum: 9.5 });
    expect(out.text().split("\n").slice(2)).toEqual([
      't_seconds_bucket{s="x",le="0.1"} 2',
      't_seconds_bucket{s="x",le="1"} 2',
      't_seconds_bucket{s="x",le="+Inf"} 5',
      't_seconds_sum{s="x"} 9.5',
      't_seconds_count{s="x"} 5',
      "",
    ]);
  });
});
