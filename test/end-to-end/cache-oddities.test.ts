/** What is odd about requests and answers, through both stores: everything here is too large for memory and goes through the platform's cache. */
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../demo/ports.ts";
import { startWorker, type RunningWorker } from "../../demo/worker.ts";
import { makeToken } from "../../src/config/admin-token.ts";
import { defineConfig } from "../../src/config/define.ts";

const HOST = "cached.test";
/** Bodies are larger than what the service keeps in memory. */
const BYTES = 300_000;
const IN_MEMORY_BYTES = 1_000;

let worker: RunningWorker;
let origin: Server;
let originPort: number;
let token: string;
const asked: string[] = [];
let behave: (request: IncomingMessage, response: ServerResponse) => void;

/** Byte i is i mod 251. */
const LARGE = Buffer.from(Uint8Array.from({ length: BYTES }, (_, i) => i % 251));

const large =
  (fields: Record<string, string>, body: Buffer = LARGE) =>
  (request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { "Cache-Control": "max-age=60", "Content-Length": body.byteLength, ...fields });
    response.end(request.method === "HEAD" ? undefined : body);
  };

beforeAll(async () => {
  originPort = await freePort();
  origin = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    behave(request, response);
  });
  await listen();
  const made = await makeToken("test", ["purge"]);
  token = made.token;
  const config = defineConfig({
    services: {
      cached: {
        hosts: [HOST],
        pools: { p: { region: "enam", origins: [{ id: "o", url: `http://127.0.0.1:${originPort}` }] } },
        breaker: { enabled: false },
        monitor: { mode: "passive" },
        retry: { attempts: 1 },
        cache: { rules: [{ maxObjectBytes: 2_000_000 }], memory: { maxObjectBytes: IN_MEMORY_BYTES } },
      },
    },
  });
  worker = await startWorker({ config, vars: { ADMIN_TOKENS: JSON.stringify([made.stored]) } });
});
afterAll(async () => {
  await worker?.stop();
  await silence();
});

function listen(): Promise<void> {
  return new Promise((resolve) => origin.listen(originPort, "127.0.0.1", resolve));
}
function silence(): Promise<void> {
  origin.closeAllConnections();
  return new Promise((resolve) => origin.close(() => resolve()));
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** What broke it off. */
  readonly error: string | null;
}

/** @param leaveAfterBytes closes the connection after so many */
function get(
  path: string,
  headers: Record<string, string> = {},
  { method = "GET", leaveAfterBytes = Infinity } = {},
): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const options = { method, headers: { Host: HOST, ...headers } };
  const sent = httpRequest(`${worker.url}${path}`, options, (response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (error: string | null) =>
      resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks), error });
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= leaveAfterBytes) response.destroy();
    });
    response.on("error", ({ message }) => finish(message)).on("end", () => finish(null));
    response.on("close", () => finish("closed"));
  });
  sent.on("error", ({ message }) => resolve({ status: 0, headers: {}, body: Buffer.alloc(0), error: message }));
  sent.end();
  return promise;
}

const cacheStatus = ({ headers }: Answer) => String(headers["cache-status"]);
const timesAsked = (what: string) => asked.filter((one) => one === what).length;

/** Asks until the answer comes from the store: storing ends a moment after a client has everything. */
async function stored(path: string, headers: Record<string, string> = {}): Promise<void> {
  for (let round = 0; round < 50; round++) {
    if (cacheStatus(await get(path, headers)).includes("; hit")) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`Expected ${path} to be stored`);
}

/** Whatever was to be stored before has been: what came later is in the store. */
async function caughtUp(): Promise<void> {
  behave = large({});
  await stored(`/later-${asked.length}`);
}

describe("ranges of a large object", () => {
  let askedToStore: number;
  beforeAll(async () => {
    behave = large({ ETag: '"v1"', "Last-Modified": "Thu, 18 Aug 2022 02:01:18 GMT" });
    await stored("/ranged");
    askedToStore = timesAsked("GET /ranged");
  });

  it.each([
    ["bytes=0-0", 0, 1],
    ["bytes=250000-250009", 250_000, 250_010],
    ["bytes=299990-", 299_990, BYTES],
    ["bytes=-5", BYTES - 5, BYTES],
    ["bytes=299999-999999999", BYTES - 1, BYTES],
  ])("%s is cut from what is stored", async (range, from, to) => {
    const { status, headers, body } = await get("/ranged", { Range: range });
    expect([status, headers["content-range"]]).toEqual([206, `bytes ${from}-${to - 1}/${BYTES}`]);
    expect(body.equals(LARGE.subarray(from, to))).toBe(true);
  });

  it.each([["bytes=0-1,5-6"], ["bytes=5-1"], ["lines=1-2"], ["bytes=x-"]])(
    "%s is answered with the whole",
    async (range) => {
      const { status, body } = await get("/ranged", { Range: range });
      expect([status, body.byteLength]).toEqual([200, BYTES]);
    },
  );

  it("beyond the end are refused with the length", async () => {
    const { status, headers } = await get("/ranged", { Range: `bytes=${BYTES}-` });
    expect([status, headers["content-range"]]).toEqual([416, `bytes */${BYTES}`]);
  });

  it.each([
    ['"v1"', 206],
    ['"v2"', 200],
    ['W/"v1"', 200],
    ["Thu, 18 Aug 2022 02:01:18 GMT", 206],
    ["Thu, 18 Aug 2022 02:01:19 GMT", 200],
  ])("under If-Range: %s are answered with %i", async (ifRange, expected) => {
    expect((await get("/ranged", { Range: "bytes=0-9", "If-Range": ifRange })).status).toBe(expected);
  });

  it.each([
    ['"v1"', 304],
    ['W/"v1"', 304],
    ['"a", W/"v1", "b"', 304],
    ["*", 304],
    ['"a", "b"', 200],
  ])("and If-None-Match: %s are answered with %i", async (ifNoneMatch, expected) => {
    const answer = await get("/ranged", { "If-None-Match": ifNoneMatch });
    expect([answer.status, answer.body.byteLength]).toEqual([expected, expected === 304 ? 0 : BYTES]);
  });

  it("cost the origin nothing", () => expect(timesAsked("GET /ranged")).toBe(askedToStore));
});

describe("HEAD", () => {
  it("is answered from a stored GET, with its length and no body", async () => {
    behave = large({});
    await stored("/headed");
    const { status, headers, body } = await get("/headed", {}, { method: "HEAD" });
    expect([status, body.byteLength, headers["cache-status"]]).toEqual([200, 0, expect.stringContaining("; hit")]);
    expect(timesAsked("HEAD /headed")).toBe(0);
  });

  it("goes to the origin where nothing is stored, and stores nothing that a GET would get", async () => {
    behave = large({});
    await get("/headed-first", {}, { method: "HEAD" });
    const { body } = await get("/headed-first");
    expect(body.byteLength).toBe(BYTES);
    expect([timesAsked("HEAD /headed-first"), timesAsked("GET /headed-first")]).toEqual([1, 1]);
  });
});

describe("a body", () => {
  it.each([
    ["whose length was told", true],
    ["whose length was not", false],
  ])("%s and that the origin cuts short is never stored", async (_what, told) => {
    const path = `/cut-${told}`;
    behave = (_request, response) => {
      response.writeHead(200, { "Cache-Control": "max-age=60", ...(told ? { "Content-Length": BYTES } : {}) });
      response.write(LARGE.subarray(0, BYTES / 2));
      setTimeout(() => response.socket?.destroy(), 100);
    };
    await get(path);
    await caughtUp();
    const again = await get(path);
    expect([cacheStatus(again).includes("; hit"), again.body.byteLength]).toEqual([false, BYTES]);
  });

  it("is stored whole although its client left", async () => {
    behave = (_request, response) => {
      response.writeHead(200, { "Cache-Control": "max-age=60", "Content-Length": BYTES });
      response.write(LARGE.subarray(0, BYTES / 2));
      setTimeout(() => response.end(LARGE.subarray(BYTES / 2)), 500);
    };
    await get("/left", {}, { leaveAfterBytes: 1 });
    await expect
      .poll(async () => cacheStatus(await get("/left")), { timeout: 15_000, interval: 1_500 })
      .toContain("; hit");
    expect((await get("/left")).body.equals(LARGE)).toBe(true);
  });

  it("larger than the rule stores is passed whole and asked for again", async () => {
    const body = Buffer.alloc(3_000_000, 7);
    behave = large({}, body);
    expect((await get("/huge")).body.equals(body)).toBe(true);
    behave = (_request, response) => {
      response.writeHead(200, { "Cache-Control": "max-age=60" });
      response.end(body);
    };
    // Of unknown length: it is known only on the way that there is too much of it.
    expect((await get("/huge")).body.equals(body)).toBe(true);
    const tooMuch = behave;
    await caughtUp();
    behave = tooMuch;
    const third = await get("/huge");
    expect([cacheStatus(third).includes("; hit"), third.body.equals(body)]).toEqual([false, true]);
  });
});

describe("what is for one client", () => {
  it("is not shared: cookies that are set go to the client that they are set for", async () => {
    let count = 0;
    behave = (request, response) =>
      large({ "Cache-Control": "public, max-age=60", "Set-Cookie": `sid=${++count}` })(request, response);
    expect((await get("/cookie")).headers["set-cookie"]).toEqual(["sid=1"]);
    await stored("/cookie");
    expect((await get("/cookie")).headers["set-cookie"]).toBeUndefined();
  });

  it("is not shared: what asks for credentials, unless the origin says that it is for all", async () => {
    const mine = { Authorization: "Bearer mine" };
    behave = large({});
    await get("/mine", mine);
    await caughtUp();
    expect(cacheStatus(await get("/mine"))).not.toContain("; hit");
    behave = large({ "Cache-Control": "public, max-age=60" });
    await stored("/ours", mine);
    expect(cacheStatus(await get("/ours", { Authorization: "Bearer yours" }))).toContain("; hit");
  });
});

describe("a client's wishes", () => {
  it("are met from the store or not at all, where it wants a stored answer only", async () => {
    behave = large({});
    expect((await get("/only", { "Cache-Control": "only-if-cached" })).status).toBe(504);
    expect(timesAsked("GET /only")).toBe(0);
    await stored("/only");
    expect((await get("/only", { "Cache-Control": "only-if-cached" })).status).toBe(200);
  });
});

describe("variants", () => {
  it("are kept apart by many fields with long values", async () => {
    const names = Array.from({ length: 60 }, (_, i) => `X-Variant-${i}`);
    const asks = (value: string) => ({ "X-Variant-7": value.repeat(500), "X-Variant-59": value });
    behave = (request, response) => {
      const body = Buffer.alloc(BYTES, String(request.headers["x-variant-59"]));
      large({ Vary: names.join(", ") }, body)(request, response);
    };
    await stored("/varied", asks("a"));
    await stored("/varied", asks("b"));
    const askedToStore = timesAsked("GET /varied");
    for (const value of ["a", "b"]) expect((await get("/varied", asks(value))).body[0]).toBe(value.charCodeAt(0));
    expect(timesAsked("GET /varied")).toBe(askedToStore);
  });

  it.each([
    ["*", "/starred", "Accept, *"],
    ["what is no field", "/no-field", "Accept, f(x)"],
  ])("are not stored under what no request can tell: %s", async (_what, path, vary) => {
    behave = large({ Vary: vary });
    expect((await get(path)).status).toBe(200);
    await caughtUp();
    expect(cacheStatus(await get(path))).not.toContain("; hit");
  });
});

describe("when every origin is out", () => {
  it("a stale answer stands in, and what was purged hard does not", async () => {
    behave = large({ "Cache-Control": "max-age=3", "Cache-Tag": "gone" });
    await Promise.all([stored("/rescued"), stored("/gone")]);
    await silence();
    try {
      await expect
        .poll(async () => cacheStatus(await get("/rescued")), { timeout: 10_000 })
        .toContain("detail=stale-if-error");
      const rescued = await get("/rescued");
      expect([rescued.status, rescued.body.equals(LARGE)]).toEqual([200, true]);
      const purged = await fetch(`${worker.url}/api/v1/cache/purge`, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ urls: [`http://${HOST}/gone`] }),
      });
      expect([purged.status, await purged.json()]).toMatchObject([200, { complete: true }]);
      expect((await get("/gone")).status).toBe(502);
      expect((await get("/rescued")).status).toBe(200);
    } finally {
      await listen();
    }
  });
});
