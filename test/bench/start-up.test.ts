import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startUpCpuMs } from "../../bench/main-job/start-up.ts";
import { median } from "../../bench/statistics.ts";

const WORK = "let sum = 0; for (let i = 0; i < 5e7; i++) sum += i % 7; if (sum === 0) throw new Error();";

describe("the CPU of a start", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fairlead-test-"));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const startUps = async (source: string, starts: number) => {
    await writeFile(join(directory, "index.js"), `${source}\nexport default {};`);
    return startUpCpuMs({ directory, modules: ["index.js"] }, starts);
  };

  it("is that of what modules do when they are run", async () => {
    const idle = median(await startUps("", 3));
    expect(median(await startUps(WORK, 3))).toBeGreaterThan(idle + 5);
  });

  it("cannot be told of a Worker that does not start", async () => {
    await expect(startUps('throw new Error("not today");', 1)).rejects.toThrow("Expected index.js to start, got 500");
  });
});
