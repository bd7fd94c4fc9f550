import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bundleWorker, KEPT_BUNDLES } from "../../demo/worker-bundle.ts";
import { defineConfig } from "../../src/config/define.ts";

const configFor = (id: string) =>
  defineConfig({
    services: {
      web: { hosts: ["web.test"], pools: { p: { region: "enam", origins: [{ id, url: "http://origin.test" }] } } },
    },
  });

/** wrangler wants to see the classes that wrangler.toml binds. */
const CLASSES = [
  "AuditLog",
  "ControlPlane",
  "IdempotencyLedger",
  "OriginBreaker",
  "RateLimiter",
  "RegionHub",
  "SessionAffinity",
];

const entry = (word: string) => `import config from "../fairlead.config.ts";
export default { fetch: () => Response.json([${JSON.stringify(word)}, config]) };
${CLASSES.map((name) => `export class ${name} {}`).join("\n")}
`;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fairlead-bundle-test-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function bundle(id: string, main: string): Promise<{ code: string; config: string; folder: string }> {
  const into = await mkdtemp(join(directory, "out-"));
  const { modules } = await bundleWorker(into, configFor(id), main);
  const [code, config] = await Promise.all(modules.map((name) => readFile(join(into, name), "utf8")));
  return { code: code!, config: config!, folder: await keptFolder(main) };
}

/** Where what was made of an entry is kept: each time it is made it is another folder. */
async function keptFolder(main: string): Promise<string> {
  for (const name of await readdir(KEPT_BUNDLES)) {
    if (!name.endsWith(".json")) continue;
    const kept = JSON.parse(await readFile(join(KEPT_BUNDLES, name), "utf8")) as { folder: string; inputs: string[] };
    if (kept.inputs.includes(main)) return kept.folder;
  }
  throw new Error(`Expected something to be kept of ${main}, found nothing`);
}

describe("bundleWorker", { timeout: 120_000 }, () => {
  test("bundles once for two configurations, and anew when the source has changed", async () => {
    const main = join(directory, "main.ts");
    await writeFile(main, entry("before"));
    const first = await bundle("first", main);
    const second = await bundle("second", main);
    expect(second.folder).toBe(first.folder);
    expect(second.code).toBe(first.code);
    expect(first.config).toContain('"first"');
    expect(second.config).toContain('"second"');

    await writeFile(main, entry("after"));
    const third = await bundle("first", main);
    expect(third.folder).not.toBe(first.folder);
    expect(first.code).toContain("before");
    expect(third.code).toContain("after");
    expect(third.config).toBe(first.config);

    const [name] = first.folder.split("-");
    for (const left of (await readdir(KEPT_BUNDLES)).filter((entry) => entry.startsWith(name!)))
      await rm(join(KEPT_BUNDLES, left), { recursive: true });
  });
});
