/** Moves the demo's origins in a configuration to other ports. */
import type { Config } from "../src/config/schema.ts";
import { demoOrigins } from "./origin.ts";

/** `config` with the demo's four origins on neighbouring ports from `firstPort` on; what else it holds stays. */
export function rebased(config: Config, firstPort: number): Config {
  const ports = new Map(demoOrigins(firstPort).map(({ id, port }) => [id, port]));
  const moved = structuredClone(config);
  for (const service of Object.values(moved.services)) {
    for (const pool of Object.values(service.pools)) {
      for (const origin of pool.origins) {
        const port = ports.get(origin.id);
        if (port !== undefined) origin.url = `http://127.0.0.1:${port}`;
      }
    }
  }
  return moved;
}
