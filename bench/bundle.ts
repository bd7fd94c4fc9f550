/** The Worker that `wrangler deploy` would upload, and how large it is. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleWorker, type WorkerBundle } from "../demo/worker-bundle.ts";

/** Bundles it for as long as `use` takes. */
export async function withBundle<T>(use: (bundle: WorkerBundle) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "fairlead-bundle-"));
  try {
    return await use(await bundleWorker(directory));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @returns bytes of all uploaded modules, each gzipped, as Cloudflare counts them; source maps are not uploaded */
export async function gzippedBytes({ directory, modules }: WorkerBundle): Promise<number> {
  const sizes = await Promise.all(
    modules.map(async (name) => gzipSync(await readFile(join(directory, name))).byteLength),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
