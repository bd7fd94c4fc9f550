// What `least-connections` goes by: bodies and WebSockets that are still open, on plain workerd against real origins.
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { send } from "../../demo/client.ts";
import { echoWebSocket } from "../../demo/web-socket-echo.ts";
import type { RunningWorker } from "../../demo/worker.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import { defineConfig } from "../../src/config/define.ts";

const HOST = "streams.localhost";

let origins: Server[];
/** The origins' ends of WebSockets. */
const upgraded: Socket[] = [];
let worker: RunningWorker;

beforeAll(async () => {
  origins = await Promise.all([startOrigin(), startOrigin()]);
  const [a, b] = origins.map((origin) => `http://127.0.0.1:${(origin.address() as AddressInfo).port}`);
  const config = defineConfig({
    services: {
      streams: {
        hosts: [HOST],
        pools: {
          p: {
            region: "weur",
            origins: [
              { id: "a", url: a! },
              { id: "b", url: b! },
            ],
          },
        },
        steering: { policy: "failover", within: "least-connections" },
        monitor: { mode: "passive" },
        debugHeaders: true,
      },
    },
  });
  worker = await startWorkerd({ config });
});

afterAll(async () => {
  await worker?.stop();
  for (const origin of origins) origin.closeAllConnections();
  for (const origin of origins) origin.close();
});

/** `/hold` sends a body that goes on until the client leaves. */
async function startOrigin(): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== "/hold") return void response.end("ok");
    const more = setInterval(() => response.write("more"), 100);
    response.on("close", () => clearInterval(more));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    upgraded.push(socket);
    echoWebSocket(request, socket, head);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Which origins the next requests go to. */
async function chosen(times = 12): Promise<string[]> {
  const seen = new Set<string>();
  for (let i = 0; i < times; i++) seen.add(String((await send(to("/"))).headers["fairlead-origin"]));
  return [...seen].toSorted((x, y) => x.localeCompare(y));
}

const to = (path: string) => ({ port: worker.port, host: HOST, path });

/** Opens an answer whose body does not end, and says where. */
async function hold(): Promise<{ at: string; leave: () => void }> {
  const asked = request({ host: "127.0.0.1", port: worker.port, path: "/hold", headers: { Host: HOST } });
  asked.on("error", () => undefined).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  answer.on("error", () => undefined);
  await once(answer, "data");
  return { at: String(answer.headers["fairlead-origin"]), leave: () => void asked.destroy() };
}

const theOther = (origin: string) => (origin === "a" ? "b" : "a");

describe("least-connections", () => {
  it("goes by bodies that are still on their way, until they end", async () => {
    const held = await hold();
    expect(await chosen()).toEqual([theOther(held.at)]);
    const second = await hold();
    expect(second.at).toBe(theOther(held.at));
    expect(await chosen(30)).toEqual(["a", "b"]);
    second.leave();
    await expect.poll(() => chosen()).toEqual([theOther(held.at)]);
    held.leave();
    await expect.poll(() => chosen(30)).toEqual(["a", "b"]);
  });

  it("goes by WebSockets, which pass both ways, until they close", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${worker.port}/echo`, { headers: { Host: HOST } });
    await once(socket, "open");
    expect(await chosen()).toHaveLength(1);
    socket.send("hello");
    expect(String(((await once(socket, "message")) as [Buffer])[0])).toBe("hello");
    socket.send(Buffer.from([0, 255, 7]));
    expect([...((await once(socket, "message")) as [Buffer])[0]]).toEqual([0, 255, 7]);
    const large = Buffer.alloc(700_000, 7);
    socket.send(large);
    expect(((await once(socket, "message")) as [Buffer])[0].equals(large)).toBe(true);
    expect(await chosen()).toHaveLength(1);
    socket.close(4001, "enough");
    const [code] = (await once(socket, "close")) as [number];
    expect(code).toBe(4001);
    await expect.poll(() => chosen(30)).toEqual(["a", "b"]);
  });

  it("ends with 1001 and no words of the runtime's where an origin vanishes", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${worker.port}/echo`, { headers: { Host: HOST } });
    await once(socket, "open");
    upgraded.at(-1)!.destroy();
    const [code, reason] = (await once(socket, "close")) as [number, Buffer];
    expect([code, String(reason)]).toEqual([1001, ""]);
    await expect.poll(() => chosen(30)).toEqual(["a", "b"]);
  });
});
