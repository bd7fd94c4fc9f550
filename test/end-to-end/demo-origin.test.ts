import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { HEALTHY } from "../../demo/behaviour.ts";
import { startControlServer, type ControlServer } from "../../demo/control-server.ts";
import { startOriginProcess } from "../../demo/origin-process.ts";
import { startOriginServer } from "../../demo/origin-server.ts";
import type { Origin } from "../../demo/origin.ts";
import { freePort, isPortFree } from "../../demo/ports.ts";

let near: Origin;
let far: Origin;
let control: ControlServer;

beforeAll(async () => {
  const port = await freePort(3);
  near = await startOriginProcess({ name: "us-east", id: "use1", region: "enam", port, roundTrips: true });
  far = await startOriginServer({ name: "apac", id: "apac1", region: "apac", port: port + 1, roundTrips: true });
  control = await startControlServer([near, far], port + 2);
});
afterAll(() => Promise.all([near?.stop(), far?.stop(), control?.stop()]));
beforeEach(() => Promise.all([near.behave(HEALTHY), far.behave(HEALTHY)]));

function tell(name: string, body: unknown): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(`${control.url}/origins/${name}`, { method: "POST", body: text });
}

async function list(): Promise<{ received: number }[]> {
  const answer = await fetch(`${control.url}/origins`);
  return ((await answer.json()) as { origins: { received: number }[] }).origins;
}

describe("an origin", () => {
  it("tells who it is and what it received, the path byte for byte", async () => {
    const told = await new Promise<string>((resolve, reject) => {
      const path = "/a%2fb//../%7E?q=%20+%C3%A4";
      const request = httpRequest(near.url, { path, method: "PUT", headers: { "X-Odd": "1" } }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve(text));
      });
      request.on("error", reject).end("hello");
    });
    expect(JSON.parse(told)).toMatchObject({
      name: "us-east",
      id: "use1",
      region: "enam",
      waitedMs: 0,
      received: {
        method: "PUT",
        path: "/a%2fb//../%7E?q=%20+%C3%A4",
        headers: { "x-odd": "1" },
        bodyBytes: 5,
        bodySha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        bodyStart: "hello",
      },
    });
  });

  it("sleeps the round trip to the region that asks", async () => {
    const before = performance.now();
    const answer = await fetch(far.url, { headers: { "Fairlead-Region": "weur" } });
    const tookMs = performance.now() - before;
    expect(await answer.json()).toMatchObject({ waitedMs: 230 });
    expect(tookMs).toBeGreaterThan(225);
  });

  it("streams any number of bytes, whole or a range, and heads without a body", async () => {
    const whole = new Uint8Array(await (await fetch(`${near.url}/bytes/200000`)).arrayBuffer());
    expect(whole.byteLength).toBe(200_000);
    expect(whole.every((byte, index) => byte === (index & 0xff))).toBe(true);

    const part = await fetch(`${near.url}/bytes/200000`, { headers: { Range: "bytes=65530-65549" } });
    expect([part.status, part.headers.get("Content-Range")]).toEqual([206, "bytes 65530-65549/200000"]);
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(whole.subarray(65_530, 65_550));

    const beyond = await fetch(`${near.url}/bytes/10`, { headers: { Range: "bytes=10-" } });
    expect([beyond.status, beyond.headers.get("Content-Range")]).toEqual([416, "bytes */10"]);

    const head = await fetch(`${near.url}/bytes/200000`, { method: "HEAD" });
    expect([head.headers.get("Content-Length"), await head.text()]).toEqual(["200000", ""]);
  });

  it("answers statuses, redirects, events, and echoes a WebSocket", async () => {
    expect((await fetch(`${near.url}/status/418`)).status).toBe(418);
    expect((await fetch(`${near.url}/status/204`)).status).toBe(204);
    const redirect = await fetch(`${near.url}/redirect`, { redirect: "manual" });
    expect([redirect.status, redirect.headers.get("Location")]).toEqual([302, "/redirected"]);
    const events = await fetch(`${near.url}/sse?count=2`);
    expect((await events.text()).match(/^id: \d$/gm)).toEqual(["id: 1", "id: 2"]);

    const socket = new WebSocket(near.url.replace("http", "ws"));
    const echo = await new Promise<string>((resolve, reject) => {
      socket.on("error", reject).on("open", () => socket.send("ahoy"));
      socket.on("message", (data: Buffer) => resolve(data.toString()));
    });
    socket.close();
    expect(echo).toBe("ahoy");
  });
});

describe("a misbehaving origin", () => {
  it("fails with the status it was given, for the share of requests it was given", async () => {
    await tell("us-east", { mode: "error", status: 502, rate: 0.5 });
    const statuses = [];
    for (let index = 0; index < 4; index++) statuses.push((await fetch(near.url)).status);
    expect(statuses).toEqual([200, 502, 200, 502]);
  });

  it("is slow by what it was given", async () => {
    await tell("use1", { mode: "slow", delayMs: 300 });
    const before = performance.now();
    await fetch(near.url);
    expect(performance.now() - before).toBeGreaterThan(295);
  });

  it("hangs: takes the request, answers nothing", async () => {
    await tell("us-east", { mode: "hang" });
    await expect(fetch(near.url, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout/);
  });

  it("resets the connection before the head, or in the middle of the body", async () => {
    await tell("us-east", { mode: "reset", at: "head" });
    await expect(fetch(near.url)).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
    await tell("us-east", { mode: "reset" });
    const cut = await fetch(near.url);
    expect([cut.status, cut.headers.get("Content-Length")]).toEqual([200, "2000"]);
    await expect(cut.text()).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
  });

  it("goes down: destroys open connections and closes the listener; and comes back on its port", async () => {
    const events = await fetch(`${near.url}/sse`);
    await tell("us-east", { mode: "down" });
    expect(await isPortFree(near.spec.port)).toBe(true);
    await expect(events.text()).rejects.toThrow("terminated");
    await expect(fetch(near.url)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
    await tell("us-east", { mode: "ok" });
    expect((await fetch(near.url)).status).toBe(200);
  });
});

describe("the control server", () => {
  it("lists the origins with counts of what they received", async () => {
    const before = await list();
    await fetch(far.url);
    const after = await list();
    expect(after[1]!.received).toBe(before[1]!.received + 1);
    expect(after[0]).toMatchObject({
      name: "us-east",
      id: "use1",
      region: "enam",
      url: near.url,
      received: before[0]!.received,
      affected: expect.any(Number) as number,
      behaviour: HEALTHY,
    });
  });

  it.each([
    ["us-east", { mode: "sad" }, 400, /Expected `mode` to be one of "ok", .*, got "sad"/],
    ["us-east", { mode: "ok", rate: "half" }, 400, /Expected `rate` to be a number from 0 to 1, got "half"/],
    ["us-east", "mode=down", 400, /Expected the body to be JSON .* got "mode=down"/],
    ["us-east", "x".repeat(20_000), 413, /at most 16384 bytes/],
    ["us-north", { mode: "ok" }, 404, /Expected one of us-east, apac, got us-north/],
  ])("refuses what it cannot do, and says what it expected (%s %.20j)", async (name, body, status, detail) => {
    const answer = await tell(name, body);
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([status, "application/problem+json"]);
    expect(await answer.json()).toMatchObject({ status, detail: expect.stringMatching(detail) as string });
    expect(near.behaviour()).toEqual(HEALTHY);
  });

  it("refuses other methods and pages", async () => {
    expect((await fetch(`${control.url}/origins/us-east`, { method: "DELETE" })).status).toBe(405);
    expect((await fetch(`${control.url}/origin`)).status).toBe(404);
  });
});
