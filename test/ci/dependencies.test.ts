import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const pkg = JSON.parse(readFileSync("package.json", "utf8")) as Record<
  "dependencies" | "devDependencies",
  Record<string, string>
>;
const page = readFileSync("docs/design/dependencies.md", "utf8");
const [worker = "", development = ""] = page.split("## For development");
const listed = (section: string) => [...section.matchAll(/^- `([^`]+)`: \S/gm)].map((match) => match[1]);

describe("docs/design/dependencies.md", () => {
  it("gives a reason for each dependency and for nothing else", () => {
    expect(listed(worker)).toEqual(Object.keys(pkg.dependencies));
    expect(listed(development)).toEqual(Object.keys(pkg.devDependencies));
  });
});
