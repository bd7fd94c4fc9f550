import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

/** Built into the Worker as plain data (wrangler.toml, `alias`). */
const BUILT_IN = ["fairlead.config.ts"];

/** Imports that leave something behind when types are stripped; `import()` loads later. */
const IMPORT = /^(?:import|export)(?! type\b)(?:[^"';]*?\bfrom)? ?"([^"]+)";/gms;

/** @returns packages by the file that imports them, of all that is loaded with `entry` */
function packagesLoadedBy(entry: string): Map<string, string> {
  const files = [entry];
  const packages = new Map<string, string>();
  for (const file of files) {
    for (const [, specifier] of readFileSync(file, "utf8").matchAll(IMPORT)) {
      if (!specifier!.startsWith(".")) {
        if (!packages.has(specifier!)) packages.set(specifier!, file);
        continue;
      }
      const path = join(dirname(file), specifier!);
      if (!files.includes(path) && !BUILT_IN.includes(path)) files.push(path);
    }
  }
  return packages;
}

describe("what the Worker loads before its first request", () => {
  it("has no schema in it: zod's take longer to make than everything else", () => {
    const loaded = packagesLoadedBy("src/index.ts");
    expect(loaded.get("cloudflare:workers")).toBe("src/index.ts");
    expect(loaded.get("zod")).toBeUndefined();
    expect(loaded.get("hono")).toBeUndefined();
    expect(loaded.get("@hono/zod-openapi")).toBeUndefined();
  });

  it("would show a schema that came in", () => {
    expect(packagesLoadedBy("fairlead.config.ts").has("zod")).toBe(true);
  });
});
