/** WebSockets of services with sessions: what passes through the relay, and what a drain does to them. */
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startFleet, type Fleet } from "../support/session-fleet.ts";

let fleet: Fleet;

beforeAll(async () => {
  const cookie = { name: "fairlead", secure: false };
  fleet = await startFleet({
    relayed: { affinity: { cookie, drainSeconds: 3 } },
    straight: { affinity: { cookie, drainSeconds: 0 } },
  });
});

afterAll(() => fleet?.stop());

interface Socket {
  readonly socket: WebSocket;
  /** Who took it, by its own word. */
  readonly origin: string;
  readonly cookie: string | undefined;
  readonly closed: Promise<{ code: number; reason: string; atMs: number }>;
}

async function connect(service: string, cookie?: string): Promise<Socket> {
  const socket = new WebSocket(`ws://127.0.0.1:${fleet.workerd.port}/`, {
    headers: { Host: `${service}.test`, ...(cookie === undefined ? {} : { Cookie: cookie }) },
  });
  let set: string | undefined;
  socket.on("upgrade", ({ headers }) => {
    set = headers["set-cookie"]?.find((field) => field.startsWith("fairlead="))?.split(";")[0];
  });
  const closed = new Promise<{ code: number; reason: string; atMs: number }>((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString(), atMs: Date.now() }));
  });
  const [first] = (await once(socket, "message")) as [Buffer];
  return { socket, origin: first.toString(), cookie: set, closed };
}

async function echo({ socket }: Socket, message: string | Buffer): Promise<Buffer> {
  socket.send(message);
  const [data] = (await once(socket, "message")) as [Buffer];
  return data;
}

describe.each(["relayed", "straight"])("a %s WebSocket", (service) => {
  it("carries text and binary messages of any size, both ways", async () => {
    const open = await connect(service);
    expect((await echo(open, "hello")).toString()).toBe("hello");
    expect(await echo(open, Buffer.from([0, 1, 255]))).toEqual(Buffer.from([0, 1, 255]));
    const large = Buffer.alloc(600_000, 7);
    expect((await echo(open, large)).equals(large)).toBe(true);
    open.socket.close();
    await open.closed;
  });

  it("is closed as either side closes it", async () => {
    const byOrigin = await connect(service);
    byOrigin.socket.send("close 4001");
    expect(await byOrigin.closed).toMatchObject({ code: 4001, reason: "as asked" });
    const byClient = await connect(service);
    const open = () => [...fleet.origins.values()].reduce((sum, origin) => sum + origin.sockets(), 0);
    const before = open();
    byClient.socket.close(4002, "bye");
    await byClient.closed;
    await expect.poll(open).toBe(before - 1);
  });

  it("belongs to a session: its handshake sets the cookie, and the cookie leads back", async () => {
    const open = await connect(service);
    expect(open.cookie).toBeDefined();
    for (let turn = 0; turn < 4; turn++) {
      const again = await connect(service, open.cookie);
      expect(again.origin).toBe(open.origin);
      expect(again.cookie).toBeUndefined();
      again.socket.close();
    }
    open.socket.close();
    await open.closed;
  });
});

describe("the WebSockets of a drained origin", () => {
  it("stay until its time is over, then close with 1012 one after the other, and reconnect elsewhere", async () => {
    const first = await connect("relayed");
    const others = await Promise.all(Array.from({ length: 7 }, () => connect("relayed", first.cookie)));
    const bystander = await (async () => {
      for (;;) {
        const other = await connect("relayed");
        if (other.origin !== first.origin) return other;
        other.socket.close();
      }
    })();
    const sinceMs = Date.now();
    await fleet.administer(first.origin, "draining", sinceMs);
    const still = await connect("relayed", first.cookie);
    expect(still.origin).toBe(first.origin);
    const closes = await Promise.all([first, still, ...others].map(({ closed }) => closed));
    expect(closes.map(({ code, reason }) => [code, reason])).toEqual(closes.map(() => [1012, "origin drained"]));
    const afterMs = closes.map(({ atMs }) => atMs - sinceMs);
    expect(Math.min(...afterMs)).toBeGreaterThanOrEqual(2_900);
    expect(Math.max(...afterMs) - Math.min(...afterMs)).toBeGreaterThan(100);
    expect(Math.max(...afterMs)).toBeLessThan(8_000);
    await expect.poll(() => fleet.origins.get(first.origin)!.sockets()).toBe(0);
    const reconnected = await connect("relayed", first.cookie);
    expect(reconnected.origin).not.toBe(first.origin);
    expect((await echo(bystander, "still here")).toString()).toBe("still here");
    reconnected.socket.close();
    bystander.socket.close();
    await fleet.administer(first.origin, null);
  });
});
