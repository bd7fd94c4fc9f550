/** The Worker as it is in this checkout, with another configuration in the place of fairlead.config.ts. */
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Config } from "../src/config/schema.ts";
import { PROJECT, wranglerToml } from "./wrangler-toml.ts";

/** To be run with `process.execPath`. */
export const WRANGLER = join(PROJECT, "node_modules/wrangler/bin/wrangler.js");

/** How the Worker's modules import the configuration, from the first and the second folder level. */
const CONFIG_SPECIFIERS = ["../fairlead.config.ts", "../../fairlead.config.ts"];

/** Environment for a wrangler that asks nothing, reports nothing and looks nothing up. */
export function quietWrangler(directory: string): Record<string, string> {
  return {
    CI: "true",
    NO_COLOR: "1",
    FORCE_COLOR: "0",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_WRITE_LOGS: "false",
    // Nothing of it stays in the home directory, which need not even be one that can be written to.
    XDG_CONFIG_HOME: join(directory, "config"),
    // Several run side by side: none may find another through the registry that wrangler keeps in the home directory.
    WRANGLER_REGISTRY_PATH: join(directory, "registry"),
  };
}

export interface WorkerSettings {
  /** As `defineConfig` returns it. Default: fairlead.config.ts. */
  readonly config?: Config;
  /** The text of a module in its place. */
  readonly configModule?: string;
  /** Another entry that exports what src/index.ts does. */
  readonly main?: string;
  /** Variables (and secrets) laid over those of wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
}

/**
 * Writes a wrangler configuration for the Worker with these settings: wrangler.toml but for them, without environments.
 * The configuration is swapped while bundling, so that the Worker itself knows of no second way to be configured.
 *
 * @param directory where it is written, with a module that holds the configuration
 * @returns its path
 */
export async function writeWranglerConfig(
  { config, configModule = config && configText(config), vars, main }: WorkerSettings,
  directory: string,
): Promise<string> {
  const { raw } = wranglerToml();
  const { env: _environments, assets, alias, build, ...kept } = raw;
  const written = {
    ...kept,
    main: main ?? join(PROJECT, raw.main),
    vars: { ...raw.vars, ...vars },
    // The build step checks and writes fairlead.config.ts: of no use where another configuration takes its place.
    ...(configModule === undefined ? { build: { ...build, cwd: resolve(PROJECT, build?.cwd ?? ".") } } : {}),
    ...(assets === undefined ? {} : { assets: { ...assets, ...absolute(assets.directory) } }),
    alias: {
      ...Object.fromEntries(Object.entries(alias ?? {}).map(([name, path]) => [name, resolve(PROJECT, path)])),
      ...(configModule === undefined ? {} : await writeConfigModule(configModule, directory)),
    },
  };
  const path = join(directory, "wrangler.json");
  await writeFile(path, JSON.stringify(written, null, 2));
  return path;
}

function absolute(directory: string | undefined): { directory?: string } {
  return directory === undefined ? {} : { directory: join(PROJECT, directory) };
}

/** A configuration as a module. */
export function configText(config: Config): string {
  return `export default ${JSON.stringify(config)};\n`;
}

async function writeConfigModule(text: string, directory: string): Promise<Record<string, string>> {
  const path = join(directory, "fairlead.config.mjs");
  await writeFile(path, text);
  return Object.fromEntries(CONFIG_SPECIFIERS.map((specifier) => [specifier, path]));
}
