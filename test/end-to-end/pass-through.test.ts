/** What Fairlead must not change: bodies of any size, streams, redirects, conditional and partial answers, WebSockets. */
import { createHash } from "node:crypto";
import { get, request as httpRequest, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { send } from "../../demo/client.ts";
import { demoOrigins, type Origin } from "../../demo/origin.ts";
import { startOriginServer } from "../../demo/origin-server.ts";
import { PLACES } from "../../demo/places.ts";
import { freePort } from "../../demo/ports.ts";
import { rebased } from "../../demo/rebase.ts";
import type { RunningWorker } from "../../demo/worker.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import config from "../../fairlead.config.ts";

const MIB = 1024 * 1024;

let worker: RunningWorker;
let origins: Origin[];

beforeAll(async () => {
  const firstPort = await freePort(4);
  origins = await Promise.all(demoOrigins(firstPort).map((spec) => startOriginServer({ ...spec, roundTrips: false })));
  worker = await startWorkerd({ config: rebased(config, firstPort) });
});
afterAll(() => Promise.all([worker.stop(), ...origins.map((origin) => origin.stop())]));

const ask = (path: string, over: { method?: string; headers?: Record<string, string>; body?: string } = {}) =>
  send({ port: worker.port, path, ...over });

describe("each method", () => {
  it.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])("%s arrives as it is", async (method) => {
    const body = method === "GET" || method === "OPTIONS" ? "" : "some body";
    const answer = await ask("/x", {
      method,
      ...(body === "" ? {} : { body, headers: { "Content-Length": String(body.length) } }),
    });
    expect(JSON.parse(answer.body).received).toMatchObject({ method, bodyBytes: body.length });
  });

  it("HEAD gets the length and no body", async () => {
    const answer = await ask("/bytes/12345", { method: "HEAD" });
    expect(answer.headers["content-length"]).toBe("12345");
    expect(answer.body).toBe("");
  });
});

it.each([204, 205, 304, 404, 418, 500])("status %i arrives as it is", async (status) => {
  expect((await ask(`/status/${status}`)).status).toBe(status);
});

it("hands a redirect back instead of following it", async () => {
  const answer = await ask("/redirect");
  expect(answer.status).toBe(302);
  expect(answer.headers.location).toBe("/redirected");
});

it("passes a range on and the part back", async () => {
  const answer = await ask("/bytes/1000", { headers: { Range: "bytes=10-19" } });
  expect(answer.status).toBe(206);
  expect(answer.headers["content-range"]).toBe("bytes 10-19/1000");
  expect(answer.headers["content-length"]).toBe("10");
});

describe("a large body", () => {
  /** Bytes as the origin makes them: byte i is i mod 256. */
  const pattern = Buffer.from(Uint8Array.from({ length: MIB }, (_, index) => index & 0xff));

  it("of 128 MiB comes down whole", async () => {
    const [response] = (await once(
      get({ port: worker.port, path: `/bytes/${128 * MIB}`, headers: { Host: "demo.localhost" } }),
      "response",
    )) as [IncomingMessage];
    const expected = createHash("sha256");
    for (let sent = 0; sent < 128; sent++) expected.update(pattern);
    const received = createHash("sha256");
    for await (const chunk of response) received.update(chunk as Buffer);
    expect(received.digest("hex")).toBe(expected.digest("hex"));
  });

  it.each([
    ["declared", { "Content-Length": String(64 * MIB) }],
    ["undeclared", { "Transfer-Encoding": "chunked" }],
  ])("of 64 MiB and %s length goes up whole", async (_, headers) => {
    const outgoing = httpRequest({
      port: worker.port,
      method: "POST",
      path: "/up",
      headers: { Host: "demo.localhost", ...headers },
    });
    const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
    for (let sent = 0; sent < 64; sent++) if (!outgoing.write(pattern)) await once(outgoing, "drain");
    outgoing.end();
    const [response] = await answered;
    let text = "";
    for await (const chunk of response) text += String(chunk);
    expect(JSON.parse(text).received.bodyBytes).toBe(64 * MIB);
  });
});

it("lets server-sent events through as they happen", async () => {
  const [response] = (await once(
    get({ port: worker.port, path: "/sse?count=3", headers: { Host: "demo.localhost" } }),
    "response",
  )) as [IncomingMessage];
  expect(response.headers["content-type"]).toContain("text/event-stream");
  const arrivals: number[] = [];
  for await (const _ of response) arrivals.push(performance.now());
  expect(arrivals.length).toBeGreaterThanOrEqual(3);
  expect(arrivals.at(-1)! - arrivals[0]!).toBeGreaterThan(100);
});

it("lets a WebSocket through in both directions", async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${worker.port}/echo`, { headers: { Host: "demo.localhost" } });
  await once(socket, "open");
  socket.send("hello");
  const [text] = (await once(socket, "message")) as [Buffer];
  expect(String(text)).toBe("hello");
  socket.send(Buffer.from([0, 255, 7]));
  const [binary] = (await once(socket, "message")) as [Buffer];
  expect([...binary]).toEqual([0, 255, 7]);
  socket.close(4001, "enough");
  const [code] = (await once(socket, "close")) as [number];
  expect(code).toBe(4001);
});

describe("what it adds", () => {
  it("is who served, how, how long it took and why", async () => {
    const answer = await send({
      port: worker.port,
      place: PLACES.tokyo,
      path: "/x",
      headers: { "X-Request-Id": "mine-7" },
    });
    expect(answer.headers["x-request-id"]).toBe("mine-7");
    expect(answer.headers["server-timing"]).toMatch(/^steer;dur=\d+, attempt1;dur=\d+;desc="apac1", origin;dur=\d+$/);
    expect(answer.headers["fairlead-origin"]).toBe("apac1");
    expect(answer.headers["fairlead-attempts"]).toBe("apac1=200");
    expect(answer.headers["fairlead-decision"]).toContain("policy=latency; region=apac; pool=apac");
  });

  it("tells the origin the region and the configured fields", async () => {
    const answer = await send({ port: worker.port, place: PLACES.frankfurt, path: "/x" });
    const { id, received } = JSON.parse(answer.body);
    expect(id).toBe("euw1");
    expect(received.headers).toMatchObject({ "fairlead-region": "weur", "x-env": "demo" });
  });
});
