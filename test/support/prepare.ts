/** Does for all end-to-end tests what takes seconds: reads wrangler.toml, and bundles the Worker. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { bundleWorker } from "../../demo/worker-bundle.ts";
import { wranglerToml, type WranglerToml } from "../../demo/wrangler-toml.ts";
import config from "../../fairlead.config.ts";

declare module "vitest" {
  interface ProvidedContext {
    wranglerToml: WranglerToml;
  }
}

export async function setup(project: TestProject): Promise<void> {
  project.provide("wranglerToml", wranglerToml());
  // Kept, so that no two files bundle it at once.
  const directory = await mkdtemp(join(tmpdir(), "fairlead-tests-"));
  await bundleWorker(directory, config);
  await rm(directory, { recursive: true, force: true });
}
