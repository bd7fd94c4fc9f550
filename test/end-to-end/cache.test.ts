/** The cache as clients and a real origin see it: real processes, the platform's cache included. */
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../demo/ports.ts";
import { startWorker, type RunningWorker } from "../../demo/worker.ts";
import { defineConfig } from "../../src/config/define.ts";

let worker: RunningWorker;
let origin: Server;
/** How often each path was asked for. */
const asked = new Map<string, number>();
/** Paths whose connections the origin drops. */
const broken = new Set<string>();

const PAGE = "a page that compresses well. ".repeat(200);
const ZIPPED = gzipSync(PAGE);

function answer(path: string, response: ServerResponse): void {
  if (path.startsWith("/zipped")) {
    response.setHeader("Cache-Control", "max-age=60");
    response.setHeader("Content-Encoding", "gzip");
    response.setHeader("Content-Length", ZIPPED.byteLength);
    response.end(ZIPPED);
  } else if (path.startsWith("/cut")) {
    response.setHeader("Cache-Control", "max-age=60");
    response.write("the first half");
    setTimeout(() => response.socket?.destroy(), 50);
  } else if (path.startsWith("/slow")) {
    response.setHeader("Cache-Control", "max-age=60");
    setTimeout(() => response.end(`slow ${asked.get(path)}`), 300);
  } else if (path.startsWith("/short-lived")) {
    response.setHeader("Cache-Control", "max-age=1");
    response.end("still good");
  } else if (path.startsWith("/big")) {
    response.setHeader("Cache-Control", "max-age=60");
    response.end(Buffer.alloc(300_000, asked.get(path)));
  } else {
    response.end(`plain ${asked.get(path)}`);
  }
}

beforeAll(async () => {
  const port = await freePort();
  origin = createServer((request, response) => {
    const path = request.url!;
    asked.set(path, (asked.get(path) ?? 0) + 1);
    if (broken.has(path)) request.socket.destroy();
    else answer(path, response);
  });
  await new Promise<void>((resolve) => origin.listen(port, "127.0.0.1", resolve));
  const service = (host: string, cache: object) => ({
    hosts: [host],
    pools: { p: { region: "enam" as const, origins: [{ id: host, url: `http://127.0.0.1:${port}` }] } },
    breaker: { enabled: false },
    cache,
  });
  const config = defineConfig({
    services: { cached: service("cached.test", { rules: [{}] }), plain: service("plain.test", {}) },
  });
  worker = await startWorker({ config });
});
afterAll(async () => {
  await worker?.stop();
  origin?.closeAllConnections();
  origin?.close();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** node:http, since fetch would unpack bodies and set Host itself. */
function get(path: string, headers: Record<string, string> = {}, host = "cached.test"): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = httpRequest(`${worker.url}${path}`, { headers: { Host: host, ...headers } }, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", reject);
    response.on("end", () =>
      resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
    );
  });
  sent.on("error", reject).end();
  return promise;
}

/** Storing ends a moment after the client has everything. The origin is not asked meanwhile. */
const stored = (path: string) =>
  expect.poll(async () => (await get(path, { "Cache-Control": "only-if-cached" })).status).toBe(200);

describe("the cache in front of a real origin", () => {
  it("gives back compressed bodies as the origin packed them", async () => {
    const fields = { "Accept-Encoding": "gzip" };
    const answers = [await get("/zipped", fields)];
    await stored("/zipped");
    answers.push(await get("/zipped", fields), await get("/zipped", fields));
    for (const { body, headers } of answers) {
      expect(headers["content-encoding"]).toBe("gzip");
      expect(gunzipSync(body).toString()).toBe(PAGE);
    }
    expect(answers[1]!.body.equals(ZIPPED)).toBe(true);
    expect(answers[2]!.headers["cache-status"]).toMatch(/^Fairlead; hit; ttl=\d+; key="cached\.test\/zipped"$/);
    expect(asked.get("/zipped")).toBe(1);
  });

  it("asks the origin once for many clients at once", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => get("/slow")));
    expect(new Set(answers.map(({ body }) => body.toString()))).toEqual(new Set(["slow 1"]));
    expect(asked.get("/slow")).toBe(1);
  });

  it("does not keep a body that was cut short", async () => {
    await get("/cut").catch(() => undefined);
    await get("/cut").catch(() => undefined);
    expect(asked.get("/cut")).toBeGreaterThanOrEqual(2);
  });

  it("answers from the store when the origin is gone", async () => {
    await get("/short-lived");
    broken.add("/short-lived");
    await expect
      .poll(async () => (await get("/short-lived")).headers["cache-status"], { timeout: 10_000 })
      .toContain("detail=stale-if-error");
    const stale = await get("/short-lived");
    expect([stale.status, stale.body.toString()]).toEqual([200, "still good"]);
    broken.delete("/short-lived");
  });

  it("keeps in the data centre what is too large for memory, and cuts ranges from it", async () => {
    const whole = await get("/big");
    expect(whole.body.byteLength).toBe(300_000);
    await stored("/big");
    const part = await get("/big", { Range: "bytes=299990-" });
    expect([part.status, part.body.byteLength, part.headers["content-range"]]).toEqual([
      206,
      10,
      "bytes 299990-299999/300000",
    ]);
    expect(asked.get("/big")).toBe(1);
  });

  it("stays out of the way of a service without rules", async () => {
    await get("/plain", {}, "plain.test");
    const { headers, body } = await get("/plain", {}, "plain.test");
    expect([headers["cache-status"], body.toString()]).toEqual([undefined, "plain 2"]);
  });
});
