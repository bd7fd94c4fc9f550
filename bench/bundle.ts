/** The Worker as `wrangler deploy` would upload it. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

const ROOT = new URL("..", import.meta.url).pathname;

export interface Bundle {
  /** Every module uploaded, by file name; source maps are not. */
  readonly modules: ReadonlyMap<string, Buffer>;
  /** Each module gzipped, added up: what counts against Cloudflare's limit. */
  readonly gzippedBytes: number;
}

/**
 * Bundles with wrangler (a dry run: needs no account and no network).
 *
 * @throws when wrangler does, with its output; for example over a wrong fairlead.config.ts
 */
export async function bundle(): Promise<Bundle> {
  const directory = await mkdtemp(join(tmpdir(), "fairlead-bundle-"));
  try {
    await promisify(execFile)("npx", ["--no-install", "wrangler", "deploy", "--dry-run", "--outdir", directory], {
      cwd: ROOT,
      env: { ...process.env, CI: "true", WRANGLER_SEND_METRICS: "false" },
    });
    const names = (await readdir(directory)).filter((name) => /\.(?:js|mjs|wasm)$/.test(name));
    const modules = new Map<string, Buffer>();
    for (const name of names) modules.set(name, await readFile(join(directory, name)));
    if (modules.size === 0) throw new Error(`Expected wrangler to write a module to ${directory}, found none`);
    const gzippedBytes = [...modules.values()].reduce((sum, bytes) => sum + gzipSync(bytes).byteLength, 0);
    return { modules, gzippedBytes };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
