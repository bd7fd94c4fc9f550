// The whole runtime killed in the middle of load, and started again on what it had stored: what was promised before holds after.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send, type ClientAnswer, type ClientRequest } from "../../demo/client.ts";
import { freePort } from "../../demo/ports.ts";
import { startWorkerd, type RunningWorkerd } from "../../demo/workerd.ts";
import { defineConfig } from "../../src/config/define.ts";
import { apiOf, makeTokens, type RunningApi } from "../support/api.ts";
import { startRawOrigin, whole, type RawOrigin } from "../support/raw-http.ts";

const HOST = "shop.localhost";
const LIMIT = 300;
const TTL_SECONDS = 4;
const PURGE = "/api/v1/cache/purge";
const INSTANCES = "/api/v1/loadbalancer/instances/shop";

interface Trail {
  readonly records: readonly { id: number; action: string }[];
}

let storage: string;
let origins: RawOrigin[];
let workerd: RunningWorkerd;
let api: RunningApi;
let start: () => Promise<void>;
let orders = 0;

beforeAll(async () => {
  storage = await mkdtemp(join(tmpdir(), "fairlead-killed-"));
  origins = await Promise.all(Array.from({ length: 5 }, async () => startRawOrigin(await freePort())));
  for (const origin of origins)
    origin.respond = (socket) => {
      const isPost = origin.received.at(-1)!.startsWith("POST");
      socket.write(isPost ? whole(`order ${++orders}`) : whole("ok", "Cache-Control: max-age=600", "Cache-Tag: t"));
    };
  const url = (index: number) => `http://127.0.0.1:${origins[index]!.port}`;
  const limit = (
    name: string,
    mode: "exact" | "leased",
    algorithm: "sliding-window" | "token-bucket" | "sliding-log",
  ) => ({
    name,
    match: { paths: [`/${name}`] },
    key: ["constant"],
    limit: LIMIT,
    // Longer than the test: not one more may get in than this.
    windowSeconds: algorithm === "token-bucket" ? 86_400 : 600,
    algorithm,
    mode,
    onError: "deny" as const,
    timeoutMs: 5_000,
  });
  const config = defineConfig({
    regions: ["weur"],
    registration: { allow: [`${url(4)}/joined`] },
    services: {
      shop: {
        hosts: [HOST],
        pools: {
          p: { region: "weur", origins: ["a", "b", "c", "d"].map((id, index) => ({ id, url: url(index) })) },
        },
        steering: { policy: "random", within: "random" },
        monitor: { mode: "passive" },
        affinity: { mode: "header", name: "x-session" },
        cache: { rules: [{ match: { paths: ["/kept/*"] } }, { mode: "bypass" }] },
        idempotency: {},
        rateLimits: [
          limit("exact", "exact", "sliding-window"),
          limit("logged", "exact", "sliding-log"),
          limit("leased", "leased", "sliding-window"),
          limit("bucket", "leased", "token-bucket"),
        ],
        debugHeaders: true,
      },
    },
  });
  const { tokens, vars } = await makeTokens();
  start = async () => {
    workerd = await startWorkerd({ config, edges: 3, storage, vars });
    api = apiOf(workerd, tokens);
  };
  await start();
});

afterAll(async () => {
  await workerd?.stop();
  await Promise.all(origins?.map((origin) => origin.stop()) ?? []);
  await rm(storage, { recursive: true, force: true });
});

/** As the machine does it that loses its power, but for what its disks had not written yet. */
async function kill(): Promise<void> {
  process.kill(-workerd.process.pid, "SIGKILL");
  await workerd.stop();
}

const visit = (request: Partial<ClientRequest> = {}) => send({ port: workerd.port, host: HOST, ...request });
const weigh = async (weight: number) =>
  (await api.call<{ revision: number }>("operate", "PUT", `${INSTANCES}/b/weight`, { body: { weight } })).body;
const sorted = (names: Iterable<string>) => [...names].toSorted((x, y) => x.localeCompare(y));
const originOf = (answer: ClientAnswer) => answer.headers["fairlead-origin"];

/** Asks for a path from every place until stopped; how many were let in. */
function hammer(path: string): { stop: () => Promise<number> } {
  const stopped = new AbortController();
  let admitted = 0;
  const running = workerd.edgePorts.map(async (port) => {
    while (!stopped.signal.aborted) {
      const { status, error } = await visit({ port, path });
      if (status === 200) admitted++;
      if (error !== undefined) break;
      await sleep(5);
    }
  });
  return {
    async stop() {
      stopped.abort();
      await Promise.all(running);
      return admitted;
    },
  };
}

describe("after the runtime was killed in the middle of load and started again", () => {
  it("sessions, drains, purges, breakers, registrations, answers and the trail are as they were", async () => {
    const homes = new Map<string, unknown>();
    for (let index = 0; index < 12; index++)
      homes.set(`s${index}`, originOf(await visit({ headers: { "x-session": `s${index}` } })));
    const order = (key: string) =>
      visit({ method: "POST", path: "/orders", body: "tea", headers: { "Idempotency-Key": key } });
    const ordered = await order("k1");
    expect(ordered.status).toBe(200);
    const changes = [
      await api.call("operate", "POST", `${INSTANCES}/d/drain`, { body: { reason: "new kernel" } }),
      await api.call("purge", "POST", PURGE, { body: { tags: ["t"] } }),
      await api.call("operate", "POST", "/api/v1/circuit-breakers/c/open", {
        body: { seconds: 600, reason: "nonsense" },
      }),
      await api.call("config", "POST", INSTANCES, {
        body: { id: "j", url: `http://127.0.0.1:${origins[4]!.port}/joined`, pool: "p", ttlSeconds: TTL_SECONDS },
      }),
    ];
    expect(changes.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    // The last one is answered, and then the power goes.
    const last = await weigh(2);
    expect(last).toMatchObject({ complete: true });
    await kill();
    await start();

    // Also the very first requests follow what was confirmed before.
    const seen = new Set<string>();
    for (const port of [workerd.port, ...workerd.edgePorts])
      for (let index = 0; index < 20; index++) seen.add(String(originOf(await visit({ port }))));
    expect(sorted(seen)).toEqual(["a", "b", "j"]);
    for (const [session, home] of homes) {
      const origin = originOf(await visit({ headers: { "x-session": session } }));
      // What is out is out for sessions too; they are served elsewhere meanwhile.
      expect(home === "c" ? ["a", "b", "j"] : [home]).toContain(origin);
    }
    const again = await order("k1");
    expect([again.status, again.body, again.headers["idempotency-replayed"]]).toEqual([200, ordered.body, "true"]);
    const { records } = (await api.call<Trail>("audit", "GET", "/api/v1/audit")).body;
    expect(records.map(({ id, action }) => `${id} ${action}`)).toEqual([
      "5 instance.weight",
      "4 instance.register",
      "3 breaker.open",
      "2 cache.purge",
      "1 instance.drain",
    ]);
    const { body: breaker } = await api.call("read", "GET", "/api/v1/circuit-breakers/c");
    expect(breaker).toMatchObject({ world: { breaker: "open", reason: "token:operate: nonsense" } });
    expect(await weigh(1)).toMatchObject({ revision: last.revision + 1 });
    const { body: purged } = await api.call("purge", "POST", PURGE, { body: { tags: ["t"], waitMs: 0 } });
    expect(purged).toMatchObject({ epoch: 2 });
    // The one that has not been heard of since the start has one TTL of grace.
    const ids = async () => {
      const { body } = await api.call<{ instances: { id: string }[] }>("read", "GET", INSTANCES);
      return sorted(body.instances.map(({ id }) => id));
    };
    await expect.poll(ids, { timeout: TTL_SECONDS * 1_000 + 4_000 }).toEqual(["a", "b", "c", "d"]);
  }, 60_000);

  it("limits have let in no more than they may, kills included", async () => {
    const paths = ["exact", "logged", "leased", "bucket"];
    const admitted = new Map(paths.map((path) => [path, 0]));
    for (let life = 0; life < 4; life++) {
      const busy = paths.map((path) => hammer(`/${path}`));
      await sleep(life === 3 ? 3_000 : 700 + 300 * life);
      if (life < 3) await kill();
      for (const [index, path] of paths.entries())
        admitted.set(path, admitted.get(path)! + (await busy[index]!.stop()));
      if (life < 3) await start();
    }
    for (const [path, count] of admitted) {
      expect([path, count <= LIMIT]).toEqual([path, true]);
      // A kill costs admission: what was lent out, and at most a 64th of the limit that was written ahead.
      expect([path, count > LIMIT / 3]).toEqual([path, true]);
    }
  }, 60_000);
});
