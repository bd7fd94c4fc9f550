// `npm run check:config`: says every wrong field of fairlead.config.ts, or that it is sound. `--write PATH` (`npm run build:config`,
// which wrangler runs before it bundles) also writes it there with its defaults filled in: as it is, a Worker need not check it.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { takersOfAdminHosts } from "../src/config/admin-reach.ts";
import { ConfigError, defineConfig } from "../src/config/define.ts";
import type { Config } from "../src/config/schema.ts";

/** Not a configuration at all. */
class Unusable extends Error {}

const { write } = parseArgs({ options: { write: { type: "string" } } }).values;

try {
  const config = await loaded();
  const services = Object.values(config.services);
  const origins = services.flatMap((service) => Object.values(service.pools).flatMap((pool) => pool.origins));
  console.log(`fairlead.config.ts is sound: ${services.length} service(s), ${origins.length} origin(s).`);
  const takers = takersOfAdminHosts(config);
  if (takers.length > 0)
    console.log(`Note: no host reaches the control plane, \`${takers.join("`, `")}\` takes all of \`admin.hosts\`.`);
  if (write !== undefined) writeModule(config, write);
} catch (error) {
  console.error(
    `fairlead.config.ts: ${error instanceof ConfigError || error instanceof Unusable ? error.message : told(error)}`,
  );
  process.exitCode = 1;
}

/** The default export, which has to be what `defineConfig` gives back: a Worker runs on it as it is. */
async function loaded(): Promise<Config> {
  const { default: config } = (await import("../fairlead.config.ts")) as { default?: Config };
  if (config === undefined)
    throw new Unusable("Expected `export default defineConfig({ ... })`, got no default export");
  if (!isDeepStrictEqual(defineConfig(config), config))
    throw new Unusable(
      "Expected `export default defineConfig({ ... })`, got an object that was not given to `defineConfig`",
    );
  return config;
}

/** What is wrong and where, without the loader's own stack. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const lines = (error.stack ?? error.message).split("\n");
  return lines.filter((line) => !/^\s+at .*(?:node:|\.ci\/check-config)/.test(line)).join("\n");
}

/** In one step: several may build at once, and none may read half of it. */
function writeModule(config: Config, path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, `export default ${JSON.stringify(config)};\n`);
    renameSync(draft, path);
  } catch (error) {
    throw new Unusable(`It is sound, but could not be written to ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
