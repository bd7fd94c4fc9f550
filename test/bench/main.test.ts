import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";

const figures = (...args: string[]) => spawnSync(process.execPath, ["bench/main.ts", ...args], { encoding: "utf8" });

describe("npm run figures", () => {
  it("names the topics when asked for one it does not know", () => {
    const { status, stdout, stderr } = figures("speed");
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain('Expected a topic, got "speed". Topics: ');
    for (const file of readdirSync("bench/topics")) expect(stderr).toContain(file.replace(/\.ts$/, ""));
  });

  it("refuses an option it does not know", () => {
    const { status, stderr } = figures("--jsno");
    expect(status).toBe(2);
    expect(stderr).toContain("Unknown option '--jsno'");
  });
});
