/** Whether a configuration is one that the demo can play: its scenes are about four origins and one host. */
import type { Config } from "../src/config/schema.ts";
import { DEMO_HOST, demoOrigins } from "./origin.ts";

/** What the demo misses in a configuration, in a sentence; null when it can play it. */
export function whatIsMissing(config: Config): string | null {
  const services = Object.values(config.services);
  const ids = new Set(
    services.flatMap(({ pools }) => Object.values(pools).flatMap(({ origins }) => origins)).map(({ id }) => id),
  );
  const origins = demoOrigins(1)
    .map(({ id }) => id)
    .filter((id) => !ids.has(id));
  const missing = [
    ...(services.some(({ hosts }) => hosts.includes(DEMO_HOST)) ? [] : [`a service on ${DEMO_HOST}`]),
    ...(origins.length === 0 ? [] : [`the origins ${origins.join(", ")}`]),
  ];
  if (missing.length === 0) return null;
  return `The demo plays the fairlead.config.ts that came with the project, and this one is without ${missing.join(" and ")}. Run yours with: npx wrangler dev`;
}
