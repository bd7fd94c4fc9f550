// `npm run check:config`: says every wrong field of fairlead.config.ts, or that it is sound.
import { ConfigError } from "../src/config/define.ts";

try {
  const { default: config } = await import("../fairlead.config.ts");
  const services = Object.values(config.services);
  const origins = services.flatMap((service) => Object.values(service.pools).flatMap((pool) => pool.origins));
  console.log(`fairlead.config.ts is sound: ${services.length} service(s), ${origins.length} origin(s).`);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(`fairlead.config.ts: ${error.message}`);
  process.exitCode = 1;
}
