/** Fairlead on plain workerd in front of pairs of raw origins, for tests that look at one request at a time. */
import { freePort } from "../../demo/ports.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import type { RunningWorker } from "../../demo/worker.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { startRawOrigin, type RawOrigin } from "./raw-http.ts";

type ServiceInput = ConfigInput["services"][string];

/** A service of its own with two origins of its own, so that what one test breaks is not broken for the next. */
export interface TestService {
  readonly host: string;
  /** The one preferred, region enam. */
  readonly first: RawOrigin;
  /** The next, region weur. */
  readonly second: RawOrigin;
}

export interface TestGateway {
  readonly worker: RunningWorker;
  readonly services: readonly TestService[];
  stop(): Promise<void>;
}

/**
 * Starts the Worker with `count` services that each prefer their first origin.
 *
 * @param settings laid over every service
 */
export async function startGateway(count: number, settings: Partial<ServiceInput> = {}): Promise<TestGateway> {
  const services: TestService[] = [];
  for (let index = 0; index < count; index++) {
    const first = await startRawOrigin(await freePort());
    services.push({ host: `s${index}.localhost`, first, second: await startRawOrigin(await freePort()) });
  }
  const config = defineConfig({
    admin: { hosts: ["admin.localhost"] },
    services: Object.fromEntries(
      services.map((service, index) => [`s${index}`, serviceConfig(service, index, settings)]),
    ),
  });
  const worker = await startWorkerd({ config });
  return {
    worker,
    services,
    async stop() {
      await Promise.all([worker.stop(), ...services.flatMap(({ first, second }) => [first.stop(), second.stop()])]);
    },
  };
}

function serviceConfig(
  { host, first, second }: TestService,
  index: number,
  settings: Partial<ServiceInput>,
): ServiceInput {
  const origins = (name: string, { port }: RawOrigin) => [{ id: `${name}${index}`, url: `http://127.0.0.1:${port}` }];
  return {
    hosts: [host],
    pools: {
      first: { region: "enam", priority: 0, origins: origins("first", first) },
      second: { region: "weur", priority: 1, origins: origins("second", second) },
    },
    steering: { policy: "failover" },
    // No agreed breaker and no probes: one test's failures are not the next one's, and origins see only what a test sends.
    breaker: { consecutiveFailures: 1000, minimumRequests: 100_000 },
    monitor: { mode: "passive" },
    debugHeaders: true,
    ...settings,
  };
}
