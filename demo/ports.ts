/** Which TCP ports of this machine can be listened on. */
import { createServer } from "node:net";

/** Below Linux's ephemeral range (32768 on), so that no outgoing connection takes a port between the look and the use. */
const LOWEST_FREE_PORT = 12_000;
const HIGHEST_FREE_PORT = 32_000;

/** Whether a server could listen on `port` of `host` now. */
export function isPortFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Finds the first of `count` neighbouring ports that are free now. Another process may still take them before they are used.
 *
 * @throws Error when no such run of ports was found
 */
export async function freePort(count = 1): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const first = LOWEST_FREE_PORT + Math.floor(Math.random() * (HIGHEST_FREE_PORT - LOWEST_FREE_PORT - count));
    const run = Array.from({ length: count }, (_, offset) => isPortFree(first + offset));
    if ((await Promise.all(run)).every(Boolean)) return first;
  }
  throw new Error(`Expected ${count} neighbouring free port(s) between ${LOWEST_FREE_PORT} and ${HIGHEST_FREE_PORT}`);
}
