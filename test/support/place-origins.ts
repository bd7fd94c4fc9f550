/** Two origins that answer, and a configuration that prefers the first: to see by the origin what a place has heard. */
import { createServer, type Server } from "node:http";
import { freePort } from "../../demo/ports.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { Config } from "../../src/config/schema.ts";

export interface Origin {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param seen told of every request */
export async function startOrigin(seen: () => void = () => undefined): Promise<Origin> {
  const port = await freePort();
  const server: Server = createServer((_request, response) => {
    seen();
    response.end("ok");
  });
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function configFor([first, second]: readonly Origin[]): Config {
  return defineConfig({
    services: {
      demo: {
        hosts: ["demo.localhost"],
        pools: {
          first: { region: "enam", priority: 0, origins: [{ id: "first", url: `http://127.0.0.1:${first!.port}` }] },
          second: { region: "weur", priority: 1, origins: [{ id: "second", url: `http://127.0.0.1:${second!.port}` }] },
        },
        steering: { policy: "failover" },
        debugHeaders: true,
      },
    },
  });
}
