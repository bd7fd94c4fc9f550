import { describe, expect, it } from "vitest";
import { parseCpu } from "../../bench/hot-path/cpu.ts";

describe("CPU time of a process", () => {
  it("is user and system time, whatever the process is called", () => {
    const stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 150 50 7 8 20 0 4 0 1000 1 2 3";
    expect(parseCpu(stat)).toBe(2_000_000);
  });
});
