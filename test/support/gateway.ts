/** Fairlead on plain workerd in front of two origins, for tests that look at one request at a time. */
import { freePort } from "../../demo/ports.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import type { RunningWorker } from "../../demo/worker.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { ConfigInput } from "../../src/config/schema.ts";

type ServiceInput = ConfigInput["services"][string];

export interface TestGateway {
  readonly worker: RunningWorker;
  /** The one preferred, region enam. */
  readonly firstPort: number;
  /** The next, region weur. */
  readonly secondPort: number;
}

/**
 * Starts the Worker with one service on `demo.localhost` that prefers the first origin.
 *
 * @param service laid over the service; breakers are off so that one test's failures are not the next one's
 */
export async function startGateway(service: Partial<ServiceInput> = {}): Promise<TestGateway> {
  const [firstPort, secondPort, port] = [await freePort(), await freePort(), await freePort()];
  const origin = (id: string, originPort: number) => [{ id, url: `http://127.0.0.1:${originPort}` }];
  const config = defineConfig({
    admin: { hosts: ["admin.localhost"] },
    services: {
      demo: {
        hosts: ["demo.localhost"],
        pools: {
          first: { region: "enam", priority: 0, origins: origin("first", firstPort) },
          second: { region: "weur", priority: 1, origins: origin("second", secondPort) },
        },
        steering: { policy: "failover" },
        breaker: { enabled: false },
        debugHeaders: true,
        ...service,
      },
    },
  });
  return { worker: await startWorkerd({ config, port }), firstPort, secondPort };
}
