/** WebSockets that are counted for `least-connections` and closed by drains: both by one relay, on plain workerd. */
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startFleet, whoAnswered, type Fleet } from "../support/session-fleet.ts";

const HOST = "counted.test";

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({
    counted: {
      affinity: { cookie: { name: "fairlead", secure: false }, drainSeconds: 1 },
      steering: { policy: "failover", within: "least-connections" },
    },
  });
});

afterAll(() => fleet?.stop());

interface Socket {
  readonly socket: WebSocket;
  /** `e1` or `e2`: the pool that is preferred. */
  readonly at: string;
  readonly closed: Promise<{ code: number; reason: string }>;
}

async function connect(): Promise<Socket> {
  const socket = new WebSocket(`ws://127.0.0.1:${fleet.workerd.port}/`, { headers: { Host: HOST } });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  const [first] = (await once(socket, "message")) as [Buffer];
  return { socket, at: first.toString().split("-").at(-1)!, closed };
}

/** Which origins get the next requests, each of a new session: those with the fewest streams. */
async function least(): Promise<string[]> {
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) seen.add(whoAnswered(await fleet.ask("counted")));
  return [...seen].toSorted();
}

const theOther = (origin: string) => (origin === "e1" ? "e2" : "e1");

/** Whether nothing is counted any more: a count below zero, or left above it, would prefer one of the two. */
const nobodyIsAhead = async () => (await least()).join() === "e1,e2";

describe("a WebSocket of a service with `least-connections` and a drain", () => {
  it("passes messages both ways, is counted while it is open, and no longer", async () => {
    const open = await connect();
    open.socket.send("hello");
    expect(String(((await once(open.socket, "message")) as [Buffer])[0])).toBe("hello");
    expect(await least()).toEqual([theOther(open.at)]);
    const second = await connect();
    expect(second.at).toBe(theOther(open.at));
    second.socket.close(4002, "bye");
    expect(await second.closed).toEqual({ code: 4002, reason: "bye" });
    await expect.poll(least).toEqual([theOther(open.at)]);
    open.socket.send("close 4001");
    expect(await open.closed).toEqual({ code: 4001, reason: "as asked" });
    await expect.poll(nobodyIsAhead).toBe(true);
  });

  it("closes with 1012 when its origin's drain is over", async () => {
    const open = await connect();
    const origin = `counted-${open.at}`;
    await fleet.administer(origin, "draining", Date.now());
    expect(await open.closed).toEqual({ code: 1012, reason: "origin drained" });
    await expect.poll(() => fleet.origins.get(origin)!.sockets()).toBe(0);
    await fleet.administer(origin, null);
    await expect.poll(nobodyIsAhead).toBe(true);
  });

  it("is no longer counted after that though its client never answers", async () => {
    const open = await connect();
    open.socket.pause();
    const origin = `counted-${open.at}`;
    await fleet.administer(origin, "draining", Date.now());
    await expect.poll(() => fleet.origins.get(origin)!.sockets()).toBe(0);
    await fleet.administer(origin, null);
    await expect.poll(nobodyIsAhead).toBe(true);
    open.socket.terminate();
  });

  it("is no longer counted when its client has vanished", async () => {
    const open = await connect();
    expect(await least()).toEqual([theOther(open.at)]);
    open.socket.terminate();
    await expect.poll(() => fleet.origins.get(`counted-${open.at}`)!.sockets()).toBe(0);
    await expect.poll(nobodyIsAhead).toBe(true);
  });

  it("is no longer counted when its origin has vanished", async () => {
    const open = await connect();
    open.socket.send("terminate");
    await open.closed;
    await expect.poll(nobodyIsAhead).toBe(true);
  });
});
