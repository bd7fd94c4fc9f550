/** A gibibyte through the cache: passed on as it comes, and never held. */
import { readFile } from "node:fs/promises";
import { createServer, request as httpRequest, type Server } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "../../demo/ports.ts";
import { startWorkerd, type RunningWorkerd } from "../../demo/workerd.ts";
import { defineConfig } from "../../src/config/define.ts";

const GIBIBYTE = 1024 ** 3;
const CHUNK = Buffer.alloc(256 * 1024, 7);
/** What may be on its way at any moment. */
const HELD_KIB = 64 * 1024;

let workerd: RunningWorkerd;
let origin: Server;

beforeAll(async () => {
  const port = await freePort();
  origin = createServer((request, response) => {
    response.setHeader("Cache-Control", "max-age=60");
    if (request.url === "/small") return void response.end("small");
    if (request.url === "/told") response.setHeader("Content-Length", GIBIBYTE);
    pipeline(Readable.from(chunks()), response).catch(() => undefined);
  });
  await new Promise<void>((resolve) => origin.listen(port, "127.0.0.1", resolve));
  const pools = { p: { region: "enam" as const, origins: [{ id: "o", url: `http://127.0.0.1:${port}` }] } };
  const rules = [{ maxObjectBytes: 2 * GIBIBYTE }];
  workerd = await startWorkerd({
    config: defineConfig({
      services: { s: { hosts: ["large.test"], pools, monitor: { mode: "passive" }, cache: { rules } } },
    }),
  });
});
afterAll(async () => {
  await workerd?.stop();
  origin?.closeAllConnections();
  origin?.close();
});

function* chunks(): Generator<Buffer> {
  for (let sent = 0; sent < GIBIBYTE; sent += CHUNK.byteLength) yield CHUNK;
}

function bytesOf(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${workerd.url}${path}`, { headers: { Host: "large.test" } }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => (bytes += chunk.byteLength));
      response.on("end", () => resolve(bytes)).on("error", reject);
    });
    sent.on("error", reject).end();
  });
}

async function residentKib(): Promise<number> {
  const status = await readFile(`/proc/${workerd.process.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]);
}

it.each([
  ["told", "/told"],
  ["not told", "/chunked"],
])(
  "passes a body of one gibibyte whose length was %s, and holds next to none of it",
  async (_what, path) => {
    // What an isolate takes before it has moved anything is not the body's.
    await bytesOf("/small");
    const before = await residentKib();
    let most = before;
    const watch = setInterval(() => {
      void residentKib().then((now) => (most = Math.max(most, now)));
    }, 50);
    try {
      expect(await bytesOf(path)).toBe(GIBIBYTE);
    } finally {
      clearInterval(watch);
    }
    expect(most - before).toBeLessThan(HELD_KIB);
  },
  240_000,
);
