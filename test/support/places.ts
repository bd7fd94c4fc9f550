/**
 * Fairlead in several places at once: one workerd with the Durable Objects and a Worker for each place, every one an
 * isolate with a memory of its own.
 */
import { send, type ClientAnswer } from "../../demo/client.ts";
import { BRIDGE, callObject } from "../../demo/object-bridge.ts";
import { PLACES, type Place } from "../../demo/places.ts";
import { waitUntil } from "../../demo/process.ts";
import type { WorkerBundle } from "../../demo/worker-bundle.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import type { Config } from "../../src/config/schema.ts";

export interface Edge {
  readonly place: Place;
  /** Sends a request from this place. */
  send(options?: {
    path?: string;
    method?: string;
    headers?: Readonly<Record<string, string>>;
    body?: string;
  }): Promise<ClientAnswer>;
}

export interface Places {
  readonly edges: readonly Edge[];
  /** The Worker's own process. */
  readonly pid: number;
  output(): string;
  /** Calls a method of a Durable Object. */
  call<T>(namespace: string, name: string, method: string, ...args: unknown[]): Promise<T>;
  /** Waits until as many isolates hold leases, all hubs together. */
  leased(isolates: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts it.
 *
 * @param count  how many places; they take turns around the globe
 * @param config its first service takes the requests
 * @param vars   variables laid over those of wrangler.toml
 */
export async function startPlaces(
  count: number,
  config: Config,
  bundle?: WorkerBundle,
  vars: Readonly<Record<string, string>> = {},
): Promise<Places> {
  const workerd = await startWorkerd({ config, edges: count, bridge: BRIDGE, vars, ...(bundle && { bundle }) });
  const host = Object.values(config.services)[0]!.hosts[0]!;
  const places = Object.values(PLACES);
  const call: Places["call"] = (namespace, name, method, ...args) =>
    callObject(workerd.bridgePort!, namespace, name, method, ...args);
  return {
    pid: workerd.process.pid,
    output: () => workerd.process.output(),
    edges: workerd.edgePorts.map((port, index) => {
      const place = places[index % places.length]!;
      return { place, send: (options = {}) => send({ port, place, host, ...options }) };
    }),
    call,
    leased: (isolates) =>
      waitUntil(`${isolates} isolates hold leases`, async () => {
        const hubs = config.regions.map((hub) => call<{ isolates: number }>("REGION_HUB", hub, "describe"));
        return (await Promise.all(hubs)).reduce((sum, told) => sum + told.isolates, 0) === isolates;
      }),
    stop: () => workerd.stop(),
  };
}

/** Requests one after the other from a place, until stopped. */
export function keepBusy(edge: Edge, seen: (answer: ClientAnswer, sentAtMs: number) => void, pauseMs = 5) {
  const stopped = new AbortController();
  const running = (async () => {
    while (!stopped.signal.aborted) {
      const sentAtMs = performance.now();
      seen(await edge.send(), sentAtMs);
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();
  return {
    stop: () => {
      stopped.abort();
      return running;
    },
  };
}
