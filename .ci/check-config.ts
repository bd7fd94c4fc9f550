// `npm run check:config`: says every wrong field of fairlead.config.ts, or that it is sound. `--write PATH` (`npm run build:config`,
// which wrangler runs before it bundles) also writes it there with its defaults filled in: as it is, a Worker need not check it.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { ConfigError } from "../src/config/define.ts";
import type { Config } from "../src/config/schema.ts";

const { write } = parseArgs({ options: { write: { type: "string" } } }).values;

try {
  const { default: config } = await import("../fairlead.config.ts");
  const services = Object.values(config.services);
  const origins = services.flatMap((service) => Object.values(service.pools).flatMap((pool) => pool.origins));
  console.log(`fairlead.config.ts is sound: ${services.length} service(s), ${origins.length} origin(s).`);
  if (write !== undefined) writeModule(config, write);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(`fairlead.config.ts: ${error.message}`);
  process.exitCode = 1;
}

/** In one step: several may build at once, and none may read half of it. */
function writeModule(config: Config, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `export default ${JSON.stringify(config)};\n`);
  renameSync(draft, path);
}
