/** Counts the Durable Object calls that requests make in steady state, on the request path itself with its surroundings played. */
import type { SyncAnswer, SyncRequest } from "../../src/agreement/protocol.ts";
import { LEASE_MS } from "../../src/agreement/timing.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { Config, ConfigInput } from "../../src/config/schema.ts";

/** What of `src/proxy` is used. It is loaded by URL: its types are those of workerd, and this runs in Node. */
interface RequestPath {
  readonly handle: (
    request: Request,
    gateway: unknown,
    context: { waitUntil(task: Promise<unknown>): void },
  ) => Promise<Response>;
}

interface Setup {
  readonly openGateway: (config: unknown, bindings: Readonly<Record<string, unknown>>, digest: string) => unknown;
}

const SYNC = "REGION_HUB.sync";
const DIGEST = "0".repeat(64);

type RateLimits = NonNullable<ConfigInput["services"][string]["rateLimits"]>;

function configWith(rateLimits: RateLimits): Config {
  return defineConfig({
    services: {
      web: {
        hosts: ["web.test"],
        pools: {
          eu: { region: "weur", origins: [{ id: "eu1", url: "http://eu1.test", mtls: "ORIGIN" }] },
          us: { region: "enam", origins: [{ id: "us1", url: "http://us1.test", mtls: "ORIGIN" }] },
        },
        rateLimits,
      },
    },
  });
}

/**
 * Lets an isolate sync once, then has its hub hold the next call, and sends requests meanwhile.
 *
 * @returns syncs begun while `requests` requests were answered one after the other, and every other call that was ever begun
 * @throws Error when the isolate never synced, or a request was not answered by an origin
 */
export async function durableObjectCallsPer(requests: number, rateLimits: RateLimits = []): Promise<number> {
  const calls: string[] = [];
  const { handle } = await load<RequestPath>("handle.ts");
  const { openGateway } = await load<Setup>("gateway.ts");
  const gateway = openGateway(configWith(rateLimits), bindings(calls), DIGEST);
  const background: Promise<unknown>[] = [];
  const context = { waitUntil: (task: Promise<unknown>) => void background.push(task) };
  const send = async () => {
    const response = await handle(new Request("http://web.test/", { headers: { Host: "web.test" } }), gateway, context);
    if ((await response.text()) !== "origin") throw new Error(`Expected an origin's answer, got ${response.status}`);
  };
  const syncs = () => calls.filter((call) => call === SYNC).length;
  while (syncs() < 2) {
    await send();
    if (background.length > 100) throw new Error("Expected the isolate to sync twice, it did not");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const syncsBefore = syncs();
  for (let request = 0; request < requests; request++) await send();
  return calls.length - syncsBefore;
}

/** Every namespace there could be: the hub answers its first sync and holds the second; whatever else is called is counted and fails. */
function bindings(calls: string[]): Readonly<Record<string, unknown>> {
  const namespace = (name: string) => {
    const stub = new Proxy(
      {},
      {
        // A stub is no promise, whatever asks it for `then`.
        get: (_, method) =>
          method === "then" ? undefined : (argument: unknown) => call(`${name}.${String(method)}`, argument),
      },
    );
    return { getByName: () => stub, get: () => stub, idFromName: (id: string) => id };
  };
  const call = (name: string, argument: unknown): Promise<unknown> => {
    calls.push(name);
    if (name !== SYNC) return Promise.reject(new Error(`${name} is not for the request path`));
    return calls.filter((call) => call === SYNC).length === 1
      ? Promise.resolve(firstAnswer(argument as SyncRequest))
      : new Promise(() => {});
  };
  const origin = { fetch: async () => Object.assign(new Response("origin"), { webSocket: null }) };
  return new Proxy<Record<string, unknown>>(
    { ORIGIN: origin },
    {
      get: (known, name) => known[String(name)] ?? namespace(String(name)),
    },
  );
}

function firstAnswer({ have }: SyncRequest): SyncAnswer {
  const versions = have ?? { base: DIGEST, hub: "hub", overrides: 0, origins: 0, purges: 0, flags: 0, sessions: 0 };
  return {
    protocol: 1,
    delta: null,
    versions,
    leaseMs: LEASE_MS,
    holdMs: 2000,
    reportMs: 1000,
    urgentMs: 250,
    shards: 1,
    traffic: { isolates: 1, retryRatio: {} },
  };
}

async function load<T>(file: string): Promise<T> {
  return (await import(new URL(`../../src/proxy/${file}`, import.meta.url).href)) as T;
}
