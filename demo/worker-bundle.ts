/** Bundles the Worker as `wrangler deploy` uploads it: once for any number of configurations, until its source changes. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, parse, resolve } from "node:path";
import { promisify } from "node:util";
import type { Config } from "../src/config/schema.ts";
import { WRANGLER, configText, quietWrangler, writeWranglerConfig } from "./worker-source.ts";
import { PROJECT, WRANGLER_CONFIG } from "./wrangler-toml.ts";

export interface WorkerBundle {
  readonly directory: string;
  /** File names in `directory`, the entry first. */
  readonly modules: readonly string[];
}

/** A bundle that is kept. */
interface Kept {
  /** Its folder in `KEPT_BUNDLES`: nobody changes what is in there, so it can be read while another takes its place. */
  readonly folder: string;
  readonly modules: readonly string[];
  /** Files it was made of, by absolute path. */
  readonly inputs: readonly string[];
  /** Of their contents. */
  readonly digest: string;
}

const MODULE = /\.(?:js|mjs|wasm|txt|html|bin)$/;

/** Where bundles are kept between runs; nothing else is in there, and all of it may be deleted. */
export const KEPT_BUNDLES = join(PROJECT, ".wrangler/bundles");
/** For so long a bundle that is not of today's source stays: somebody may be reading it. */
const KEPT_MS = 3_600_000;

const CONFIG_MODULE = "fairlead.config.mjs";

/** A name that wrangler leaves alone, as it does all of `cloudflare:`; it stands for the configuration until that is known. */
const CONFIG_PLACEHOLDER = "cloudflare:fairlead-config";

/** Decides about a bundle besides its inputs: settings and the versions of the tools. */
const SETTINGS = [WRANGLER_CONFIG, join(PROJECT, "package-lock.json")];

/**
 * Bundles the Worker; what comes of it can be started many times.
 *
 * @param directory an existing, empty one
 * @param config    as `defineConfig` returns it; becomes a module of its own. Without it the bundle is as it is deployed:
 *                  fairlead.config.ts is in it, and it is made anew
 * @param main      another entry that exports what src/index.ts does
 * @throws Error with what wrangler said when it cannot be built
 */
export async function bundleWorker(directory: string, config?: Config, main?: string): Promise<WorkerBundle> {
  if (config === undefined) {
    const settings = await mkdtemp(join(tmpdir(), "fairlead-settings-"));
    try {
      return await build(
        await writeWranglerConfig(main === undefined ? {} : { main }, settings),
        settings,
        directory,
        main,
      );
    } finally {
      await rm(settings, { recursive: true, force: true });
    }
  }
  const name = sha256(main ?? "").slice(0, 16);
  const { folder, modules } = (await stillGood(name)) ?? (await keep(name, main));
  for (const module of modules) await cp(join(KEPT_BUNDLES, folder, module), join(directory, module));
  await writeFile(join(directory, CONFIG_MODULE), configText(config));
  return { directory, modules: [...modules, CONFIG_MODULE] };
}

/** What is kept by that name, if it is made of what its inputs are now. */
async function stillGood(name: string): Promise<Kept | null> {
  try {
    const kept = JSON.parse(await readFile(join(KEPT_BUNDLES, `${name}.json`), "utf8")) as Kept;
    return kept.digest === (await digestOf(kept.inputs)) ? kept : null;
  } catch {
    // Nothing kept, or not the files of then.
    return null;
  }
}

/** Bundles the Worker for configurations to come, and keeps that by a name. Others may be doing the same. */
async function keep(name: string, main?: string): Promise<Kept> {
  await mkdir(KEPT_BUNDLES, { recursive: true });
  const settings = await mkdtemp(join(tmpdir(), "fairlead-settings-"));
  const made = await mkdtemp(join(KEPT_BUNDLES, `${name}-`));
  try {
    const configModule = `export { default } from ${JSON.stringify(CONFIG_PLACEHOLDER)};\n`;
    const path = await writeWranglerConfig({ configModule, ...(main === undefined ? {} : { main }) }, settings);
    const metafile = join(settings, "meta.json");
    const { modules } = await build(path, settings, made, main, [`--metafile=${metafile}`]);
    await nameConfigModule(join(made, modules[0]!));
    const inputs = await inputsOf(metafile, settings);
    const kept: Kept = { folder: basename(made), modules, inputs, digest: await digestOf(inputs) };
    const note = join(made, "kept.json");
    await writeFile(note, JSON.stringify(kept));
    await rename(note, join(KEPT_BUNDLES, `${name}.json`));
    await sweep(name, kept.folder);
    return kept;
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(settings, { recursive: true, force: true });
  }
}

/** Lets go of what was kept by that name before. */
async function sweep(name: string, latest: string): Promise<void> {
  for (const folder of await readdir(KEPT_BUNDLES)) {
    if (!folder.startsWith(`${name}-`) || folder === latest) continue;
    const path = join(KEPT_BUNDLES, folder);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
  }
}

async function build(
  config: string,
  settings: string,
  directory: string,
  main?: string,
  options: readonly string[] = [],
): Promise<WorkerBundle> {
  const args = ["deploy", "--dry-run", "--config", config, "--outdir", directory, ...options];
  try {
    await promisify(execFile)(process.execPath, [WRANGLER, ...args], {
      cwd: PROJECT,
      env: { ...process.env, ...quietWrangler(settings) },
    });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`The Worker could not be built:\n${stdout}${stderr}`, { cause: error });
  }
  const entry = `${parse(main ?? "index.ts").name}.js`;
  const others = (await readdir(directory)).filter((name) => MODULE.test(name) && name !== entry);
  return { directory, modules: [entry, ...others] };
}

/** Puts the configuration's module in the place of the name that stood for it. */
async function nameConfigModule(entry: string): Promise<void> {
  const code = (await readFile(entry, "utf8")).split(JSON.stringify(CONFIG_PLACEHOLDER));
  if (code.length < 2) throw new Error(`Expected the bundle to import ${CONFIG_PLACEHOLDER}, it does not`);
  await writeFile(entry, code.join(JSON.stringify(`./${CONFIG_MODULE}`)));
}

/** The files that esbuild says it read, but for those of `settings`, which are not kept. */
async function inputsOf(metafile: string, settings: string): Promise<string[]> {
  const { inputs } = JSON.parse(await readFile(metafile, "utf8")) as { inputs: Readonly<Record<string, unknown>> };
  const files = Object.keys(inputs)
    // Made by a plugin, such as `wrangler-modules-watch:`.
    .filter((input) => !/^[\w-]{2,}:/.test(input))
    .map((input) => resolve(settings, input))
    .filter((file) => !file.startsWith(settings));
  return [...files, ...SETTINGS].toSorted();
}

/** @throws Error when a file is not there any more */
async function digestOf(files: readonly string[]): Promise<string> {
  const digests = await Promise.all(files.map(async (file) => sha256(await readFile(file))));
  return sha256(digests.join());
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
