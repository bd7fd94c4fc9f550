import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { figuresCommand } from "../../bench/command.ts";

let directory = "";
let printed = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fairlead-test-"));
  await mkdir(join(directory, "topics"));
  printed = "";
  vi.spyOn(console, "log").mockImplementation((line: string) => void (printed += `${line}\n`));
  vi.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true, force: true });
});

/** A topic with one figure that may be 1 at most. */
async function topic(name: string, value: number): Promise<void> {
  const figure = JSON.stringify({ figure: "f", value, unit: "calls", target: { atMost: 1 } });
  const source = `export const run = async (report) => report.figure(${figure});`;
  await writeFile(join(directory, "topics", `${name}.ts`), source);
}

const inDirectory = (name: string) => pathToFileURL(join(directory, name));

const figures = (...args: string[]) =>
  figuresCommand(args, {
    topics: inDirectory("topics/"),
    results: inDirectory("RESULTS.md"),
    resultsJson: inDirectory("results.json"),
  });

describe("the command", () => {
  it("ends with 0 when every budget is kept and with 1 when one is missed", async () => {
    await topic("kept", 1);
    expect(await figures()).toBe(0);
    await topic("missed", 2);
    expect(await figures("kept")).toBe(0);
    expect(await figures("missed")).toBe(1);
    expect(await figures()).toBe(1);
    expect(printed).toContain("NOT MET  f: 2 calls (target <= 1)");
    expect(printed).toContain("1 of 2 figures met.");
  });

  it("measures what goes on in its own process before others have filled it, unless told an order", async () => {
    for (const name of ["affinity", "growth", "micro"]) await topic(name, 1);
    await figures();
    expect([...printed.matchAll(/^\| (\w+) +\| 0/gm)].map(([, name]) => name)).toEqual([
      "micro",
      "growth",
      "affinity",
      "all",
    ]);
    printed = "";
    await figures("affinity", "micro");
    expect([...printed.matchAll(/^\| (\w+) +\| 0/gm)].map(([, name]) => name)).toEqual(["affinity", "micro", "all"]);
  });

  it("says how long each topic took, and all of them", async () => {
    await topic("kept", 1);
    await figures();
    expect(printed).toMatch(/\| kept +\| 0 +\|\n\| all +\| 0 +\|/);
  });

  it("prints nothing but JSON when asked for it", async () => {
    await topic("missed", 2);
    expect(await figures("--json")).toBe(1);
    expect(JSON.parse(printed)).toEqual([
      { topic: "missed", figure: "f", value: 2, unit: "calls", target: "<= 1", met: false },
    ]);
  });

  it("writes what it measured, as a page and as JSON, and leaves other topics as they were", async () => {
    await topic("a", 1);
    await topic("c", 1);
    await figures("--write");
    await topic("b", 2);
    await figures("b", "--write");
    const page = await readFile(inDirectory("RESULTS.md"), "utf8");
    expect(page.match(/^## .*$/gm)).toEqual(["## a", "## b", "## c"]);
    const kept = JSON.parse(await readFile(inDirectory("results.json"), "utf8")) as { topic: string; met: boolean }[];
    expect(kept.map(({ topic, met }) => [topic, met])).toEqual([
      ["a", true],
      ["b", false],
      ["c", true],
    ]);
  });
});
