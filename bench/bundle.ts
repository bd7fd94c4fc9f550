/** How large the Worker is that `wrangler deploy` would upload. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleWorker } from "../demo/worker-source.ts";

/** @returns bytes of all uploaded modules, each gzipped, as Cloudflare counts them; source maps are not uploaded */
export async function gzippedBundleBytes(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), "fairlead-bundle-"));
  try {
    const { modules } = await bundleWorker(directory);
    const sizes = await Promise.all(
      modules.map(async (name) => gzipSync(await readFile(join(directory, name))).byteLength),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
