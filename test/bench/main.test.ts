import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";

const figures = (args: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
  spawnSync(process.execPath, ["bench/main.ts", ...args], { encoding: "utf8", env });

describe("npm run figures", () => {
  it("names the topics when asked for one it does not know", () => {
    const { status, stdout, stderr } = figures(["speed"]);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain('Expected a topic, got "speed". Topics: ');
    for (const file of readdirSync("bench/topics")) expect(stderr).toContain(file.replace(/\.ts$/, ""));
  });

  it("refuses an option it does not know", () => {
    const { status, stderr } = figures(["--jsno"]);
    expect(status).toBe(2);
    expect(stderr).toContain("Unknown option '--jsno'");
  });

  it.each(["hot-path", "naive"])("says that %s needs wrk where there is none, and how to get it", (topic) => {
    const { status, stdout } = figures([topic, "--quick"], { ...process.env, PATH: "/nonexistent" });
    expect(status).toBe(1);
    expect(stdout).toMatch(/FAILED .*Expected wrk to be installed \(bench\/install-peers\.sh/);
  });
});
