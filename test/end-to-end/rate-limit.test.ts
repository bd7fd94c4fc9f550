// Limits as clients meet them: twelve real isolates, one set of Durable Objects, one origin.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT } from "jose";
import { WebSocket } from "ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/define.ts";
import { ask, hammer, type Ask } from "../support/hammer.ts";
import { certainlyOver } from "../../demo/certainly-over.ts";
import { echoWebSocket } from "../../demo/web-socket-echo.ts";
import { startWorkerd, type RunningWorkerd } from "../../demo/workerd.ts";

const SECRET = "a secret that nobody else knows, 32 bytes or more";
const HOST = "limits.test";
const WINDOW_MS = 2_000;
const LIMIT = 40;

/** Paths of the requests that reached the origin. */
const arrived: string[] = [];
/** What `/slow` waits for. */
let slowUntil: Promise<void> = Promise.resolve();
let origin: Server;
let workerd: RunningWorkerd;
/** One isolate each, with a memory of its own. */
let ports: readonly number[];

const everyone = (name: string, over: object) => ({
  name,
  match: { paths: [`/${name}`] },
  key: ["constant"],
  limit: LIMIT,
  windowSeconds: WINDOW_MS / 1_000,
  onError: "deny" as const,
  timeoutMs: 2_000,
  ...over,
});

beforeAll(async () => {
  origin = createServer((request, answer) => {
    const { url = "/" } = request;
    arrived.push(url);
    if (url.startsWith("/slow")) void slowUntil.then(() => answer.end("done"));
    else answer.end("ok");
  });
  origin.on("upgrade", echoWebSocket);
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const config = defineConfig({
    services: {
      limited: {
        hosts: [HOST],
        pools: { p: { region: "weur", origins: [{ id: "o1", url }] } },
        auth: { jwt: { secret: "JWT_SECRET" } },
        rateLimits: [
          everyone("sliding-window", { algorithm: "sliding-window", mode: "leased" }),
          everyone("sliding-window-exact", { algorithm: "sliding-window", mode: "exact" }),
          everyone("sliding-log", { algorithm: "sliding-log", mode: "leased" }),
          everyone("token-bucket", { algorithm: "token-bucket", mode: "leased" }),
          everyone("fixed-window", { algorithm: "fixed-window", mode: "leased" }),
          everyone("slow", { algorithm: "concurrency", limit: 3, windowSeconds: 60 }),
          everyone("sockets", { algorithm: "concurrency", limit: 2, windowSeconds: 60 }),
          everyone("first", { match: { paths: ["/both"] }, limit: 5, windowSeconds: 60, legacyHeaders: true }),
          everyone("second", { match: { paths: ["/both"] }, limit: 3, windowSeconds: 60, mode: "exact" }),
          everyone("reserved", { match: { paths: ["/pair", "/alone"] }, limit: 5, windowSeconds: 60 }),
          everyone("refusing", { match: { paths: ["/pair"] }, limit: 3, windowSeconds: 60, mode: "exact" }),
          everyone("told", { limit: 3, windowSeconds: 60, mode: "exact" }),
          everyone("dry", { limit: 1, windowSeconds: 60, dryRun: true }),
          everyone("user", { key: ["jwt:sub", "header:x-api-key"], limit: 2, windowSeconds: 60 }),
          everyone("local", { mode: "local", limit: 2, windowSeconds: 60 }),
          everyone("costly", { key: ["query:case"], limit: 10, windowSeconds: 60, cost: "header:x-cost", maxCost: 8 }),
        ],
      },
    },
  });
  workerd = await startWorkerd({ config, edges: 12, vars: { JWT_SECRET: SECRET } });
  ports = workerd.edgePorts;
});

afterAll(async () => {
  await workerd?.stop();
  origin?.close();
});

const get = (path: string, over: Partial<Ask> = {}) => ask({ port: ports[0]!, host: HOST, path, ...over });
const bearing = async (sub: string, secret = SECRET) => ({
  headers: { authorization: `Bearer ${await token(secret, sub)}`, "x-api-key": "shared" },
});
const token = (secret: string, sub: string) =>
  new SignJWT({ sub }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
/** Opens a WebSocket from an isolate; a number is the status that it was refused with. */
const open = (path: string, port: number) =>
  new Promise<WebSocket | number>((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { Host: HOST } });
    socket.on("open", () => resolve(socket));
    socket.on("unexpected-response", (_, answer) => resolve(answer.statusCode!));
    socket.on("error", reject);
  });
const statuses = async (path: string, times: number, over: Partial<Ask> = {}) => {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) seen.push((await get(path, { port: ports[i % ports.length]!, ...over })).status);
  return seen;
};

describe("twelve isolates at ten times the limit", () => {
  it.each(["sliding-window", "sliding-window-exact", "sliding-log", "token-bucket", "fixed-window"])(
    "%s is never over, and lets in nearly all it may",
    async (name) => {
      const windows = 2;
      const perSecond = (10 * LIMIT * 1_000) / WINDOW_MS;
      let admitted = 0;
      // Leases of a fifth of a second run out on a machine that is slower than that: then it has another go, twice at most.
      for (let round = 0; round < 3 && admitted < 0.9 * windows * LIMIT; round++) {
        const before = arrived.filter((path) => path === `/${name}`).length;
        const answers = await hammer(ports, perSecond, windows * WINDOW_MS, { host: HOST, path: `/${name}` });
        const passed = answers.filter(({ status }) => status === 200);
        admitted = passed.length;
        expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
        expect(arrived.filter((path) => path === `/${name}`)).toHaveLength(before + admitted);
        // A bucket may spend its burst at once and refill meanwhile; a fixed window may follow another at once.
        const most = name === "token-bucket" || name === "fixed-window" ? 2 * LIMIT : LIMIT;
        expect(certainlyOver(passed, most, WINDOW_MS)).toBe(0);
        // The last answers may come later than the last requests were due; so many windows are begun or ended meanwhile.
        const tookMs = Math.max(...answers.map(({ answeredMs }) => answeredMs)) - answers[0]!.sentMs;
        expect(admitted).toBeLessThanOrEqual((Math.ceil(tookMs / WINDOW_MS) + 1) * LIMIT);
      }
      expect(admitted).toBeGreaterThanOrEqual(0.9 * windows * LIMIT);
    },
    60_000,
  );

  it("a client turned away is told why and when to come back", async () => {
    expect(await statuses("/told", 3)).toEqual([200, 200, 200]);
    const refused = await get("/told");
    expect(refused.status).toBe(429);
    expect(refused.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(refused.body)).toMatchObject({
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      status: 429,
      "violated-policies": ["told"],
    });
    expect(refused.headers["ratelimit-policy"]).toBe('"told";q=3;w=60');
    expect(refused.headers["ratelimit"]).toMatch(/^"told";r=0;t=\d+$/);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(Number(refused.headers["retry-after"])).toBeLessThanOrEqual(61);
  });
});

describe("several limits on one request", () => {
  it("are refunded when one refuses", async () => {
    const [port] = ports;
    expect(await statuses("/pair", 4, { port: port! })).toEqual([200, 200, 200, 429]);
    // Three of five went to requests that were let in, and none to the one that was not.
    expect(await statuses("/alone", 3, { port: port! })).toEqual([200, 200, 429]);
  });

  it("are all asked, and one that refuses is named", async () => {
    expect(await statuses("/both", 6)).toEqual([200, 200, 200, 429, 429, 429]);
    const refused = await get("/both");
    expect(JSON.parse(refused.body)["violated-policies"]).toContain("second");
  });

  it("are all told to clients, the old way too where asked for", async () => {
    const answer = await get("/both", { port: ports[7]! });
    expect(answer.headers["ratelimit-policy"]).toContain('"second";q=3;w=60');
  });
});

describe("one limit", () => {
  it("counts requests in flight across isolates, until their bodies have gone out", async () => {
    const told = Promise.withResolvers<void>();
    slowUntil = told.promise;
    let refused = 0;
    const together = await Promise.all(
      ports.slice(0, 6).map(async (port) => {
        const answer = await get("/slow", { port });
        if (answer.status === 429 && ++refused === 3) told.resolve();
        return answer;
      }),
    );
    expect(together.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(together.filter(({ status }) => status === 429)).toHaveLength(3);
    await expect.poll(async () => (await get("/slow", { port: ports[9]! })).status).toBe(200);
  });

  it("counts WebSockets that are open across isolates, which pass both ways, until they close", async () => {
    const held = (await open("/sockets", ports[0]!)) as WebSocket;
    const other = (await open("/sockets", ports[1]!)) as WebSocket;
    expect(await open("/sockets", ports[2]!)).toBe(429);
    held.send("hello");
    expect(String(((await once(held, "message")) as [Buffer])[0])).toBe("hello");
    held.close();
    const late: (WebSocket | number)[] = [];
    await expect.poll(async () => late[late.push(await open("/sockets", ports[3]!)) - 1]).not.toBe(429);
    for (const socket of [other, late.at(-1) as WebSocket]) socket.close();
  });

  it("in a dry run turns nobody away", async () => {
    expect(await statuses("/dry", 4)).toEqual([200, 200, 200, 200]);
  });

  it("counts by a verified claim only; who forges one is counted by the next key", async () => {
    expect(await statuses("/user", 3, await bearing("ann"))).toEqual([200, 200, 429]);
    expect(await statuses("/user", 3, await bearing("bob"))).toEqual([200, 200, 429]);
    const seen: number[] = [];
    for (const forged of ["c1", "c2", "c3", "c4"])
      seen.push((await get("/user", await bearing(forged, "another secret, of 32 bytes or more too"))).status);
    expect(seen).toEqual([200, 200, 429, 429]);
  });

  it("in mode local holds for each isolate", async () => {
    for (const port of ports.slice(0, 3)) expect(await statuses("/local", 3, { port })).toEqual([200, 200, 429]);
  });

  it.each([
    ["8", 2],
    ["9", 2],
    ["99999999999999999999", 2],
    ["0", 9],
    ["-1", 9],
    ["1e99", 9],
    ["nonsense", 9],
  ])("of ten has, after a request that says it costs %s, %i left", async (cost, left) => {
    const answer = await get(`/costly?case=${cost}`, { headers: { "x-cost": cost } });
    expect(answer.status).toBe(200);
    expect(answer.headers["ratelimit"]).toMatch(new RegExp(`^"costly";r=${left};`));
  });
});
