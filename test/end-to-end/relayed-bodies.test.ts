// Bodies that several steps pass on, each with a relay of its own: they arrive whole, or are seen to be cut.
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../demo/client.ts";
import type { RunningWorker } from "../../demo/worker.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { ConfigInput } from "../../src/config/schema.ts";

type ServiceInput = ConfigInput["services"][string];

const PLACES = 4;
const LARGE_BYTES = 300_000;
const SMALL_BYTES = 1_000;

const streams = { steering: { policy: "least-connections", within: "least-connections" } } as const;
const places = {
  rateLimits: [
    {
      name: "places",
      key: ["constant"],
      limit: PLACES,
      windowSeconds: 600,
      algorithm: "concurrency",
      mode: "exact",
      timeoutMs: 5_000,
    },
  ],
} satisfies Partial<ServiceInput>;
const kept = {
  cache: { rules: [{ ttlSeconds: 60, mode: "force" }], memory: { maxObjectBytes: 65_536 } },
} satisfies Partial<ServiceInput>;
const idle = { timeouts: { idleMs: 5_000 } };

/** What passes a body on, by service. */
const SERVICES: Readonly<Record<string, Partial<ServiceInput>>> = {
  "streams-places": { ...streams, ...places },
  "streams-idle": { ...streams, ...idle },
  "places-idle": { ...places, ...idle },
  "places-kept": { ...places, ...kept },
  "streams-kept": { ...streams, ...kept },
  "streams-places-idle-kept": { ...streams, ...places, ...idle, ...kept },
};

let origin: Server;
let worker: RunningWorker;

beforeAll(async () => {
  origin = createServer((request, response) => {
    const [, size = "", framing = ""] = /^\/(\w+)-?(\w*)/.exec(request.url ?? "") ?? [];
    const bytes = size === "large" ? LARGE_BYTES : SMALL_BYTES;
    if (size === "endless") {
      const more = setInterval(() => response.write("more"), 50);
      return void response.on("close", () => clearInterval(more));
    }
    if (framing !== "chunked") response.setHeader("Content-Length", bytes);
    if (framing !== "cut") return void response.end("a".repeat(bytes));
    response.write("a".repeat(bytes / 2));
    setTimeout(() => response.destroy(), 50);
  });
  await new Promise<void>((resolve) => {
    origin.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const services = Object.entries(SERVICES).map(([name, settings]): [string, ServiceInput] => [
    name,
    {
      hosts: [`${name}.localhost`],
      pools: { p: { region: "weur", origins: [{ id: name, url }] } },
      monitor: { mode: "passive" },
      breaker: { enabled: false },
      ...settings,
    },
  ]);
  worker = await startWorkerd({ config: defineConfig({ services: Object.fromEntries(services) }) });
});

afterAll(async () => {
  await worker?.stop();
  origin?.closeAllConnections();
  origin?.close();
});

const ask = (service: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
  send({ port: worker.port, host: `${service}.localhost`, path, headers, timeoutMs: 5_000 });

describe.each(Object.keys(SERVICES))("through %s", (service) => {
  it.each([
    ["small-known", SMALL_BYTES],
    ["small-chunked", SMALL_BYTES],
    ["large-known", LARGE_BYTES],
    ["large-chunked", LARGE_BYTES],
  ])("a body (%s) arrives whole, time after time", async (kind, bytes) => {
    for (let round = 0; round < PLACES + 2; round++) {
      // The same twice: fetched, and where it is kept, from there.
      const { status, body, error } = await ask(service, `/${kind}?${round >> 1}`);
      expect([status, body.length, error]).toEqual([200, bytes, undefined]);
    }
  });

  it("a part of one arrives whole", async () => {
    for (let round = 0; round < PLACES + 2; round++) {
      const { status, body, error } = await ask(service, `/small-known?part${round >> 1}`, { Range: "bytes=0-99" });
      expect([[200, 206], error]).toEqual([expect.arrayContaining([status]), undefined]);
      expect(body).toHaveLength(status === 206 ? 100 : SMALL_BYTES);
    }
  });

  it("one that its origin cut short is seen to be cut, and holds nothing up", async () => {
    for (let round = 0; round < PLACES + 2; round++) {
      const { error } = await ask(service, `/large-cut?${round}`);
      expect(error).toMatch(/aborted|hang up/);
      expect(error).not.toMatch(/operation/);
    }
    expect((await ask(service, "/small-known?after")).status).toBe(200);
  });
});

describe.each(["streams-places", "places-idle"])("clients of %s that leave in the middle of a body", (service) => {
  it("give their places back", async () => {
    const held = await Promise.all(
      Array.from({ length: PLACES }, async () => {
        const asked = request({ port: worker.port, path: "/endless", headers: { Host: `${service}.localhost` } });
        asked.on("error", () => undefined).end();
        const [answer] = (await once(asked, "response")) as [IncomingMessage];
        answer.on("error", () => undefined);
        await once(answer, "data");
        return asked;
      }),
    );
    expect((await ask(service, "/small-known")).status).toBe(429);
    for (const asked of held) asked.destroy();
    await expect.poll(async () => (await ask(service, "/small-known")).status, { timeout: 10_000 }).toBe(200);
  });
});
