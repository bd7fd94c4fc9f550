// `npm run docs` writes the generated pages of docs/reference; `npm run check:docs` (--check) says which are stale.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { configSchema } from "../src/config/schema.ts";
import { apiReference } from "./api-reference.ts";
import { configReference } from "./config-reference.ts";

const ROOT = new URL("../", import.meta.url);

/** Every generated page, by its path from the root, with what belongs in it. */
const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  "docs/reference/config.md": () => configReference(configSchema),
  "docs/reference/api.md": apiReference,
};

const args = process.argv.slice(2);
const wrong = args.find((arg) => arg !== "--check");
if (wrong !== undefined) {
  console.error(`Expected no argument or \`--check\`, got "${wrong}"`);
  process.exitCode = 2;
} else if (args.includes("--check")) {
  for (const [path, generate] of Object.entries(PAGES)) {
    if (current(path) === (await generate())) continue;
    console.error(`${path} is stale: run \`npm run docs\` and commit what it writes.`);
    process.exitCode = 1;
  }
} else {
  for (const [path, generate] of Object.entries(PAGES)) {
    mkdirSync(dirname(new URL(path, ROOT).pathname), { recursive: true });
    writeFileSync(new URL(path, ROOT), await generate());
    console.log(`wrote ${path}`);
  }
}

function current(path: string): string | null {
  try {
    return readFileSync(new URL(path, ROOT), "utf8");
  } catch {
    return null;
  }
}
