// Keyed POSTs that arrive in several places: real isolates, one ledger.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/define.ts";
import { freePort } from "../../demo/ports.ts";
import { startPlaces, type Edge, type Places } from "../support/places.ts";
import { startRawOrigin, whole, type RawOrigin } from "../support/raw-http.ts";

let origins: RawOrigin[];
let places: Places;
let orders = 0;

beforeAll(async () => {
  origins = [await startRawOrigin(await freePort()), await startRawOrigin(await freePort())];
  const pool = (id: string, priority: number) => ({
    region: "weur" as const,
    priority,
    origins: [{ id, url: `http://127.0.0.1:${origins[priority]!.port}` }],
  });
  places = await startPlaces(
    3,
    defineConfig({
      services: {
        shop: {
          hosts: ["shop.localhost"],
          pools: { first: pool("first", 0), second: pool("second", 1) },
          steering: { policy: "failover" },
          breaker: { consecutiveFailures: 1_000, minimumRequests: 100_000 },
          monitor: { mode: "passive" },
          idempotency: {},
        },
      },
    }),
  );
});

afterAll(async () => {
  await places?.stop();
  await Promise.all(origins?.map((origin) => origin.stop()) ?? []);
});

const order = (edge: Edge, key: string, body = "tea") =>
  edge.send({ method: "POST", path: "/orders", body, headers: { "Idempotency-Key": key } });

const takeOrders = (from: Promise<void> = Promise.resolve()) => {
  for (const origin of origins)
    origin.respond = (socket) => void from.then(() => socket.write(whole(`order ${++orders}`)));
};

describe("a keyed POST", () => {
  it("runs once wherever it arrives, and another body gets 422 everywhere", async () => {
    takeOrders();
    const first = await order(places.edges[0]!, "k1");
    expect(first.status).toBe(200);
    for (const edge of places.edges) {
      const repeat = await order(edge, "k1");
      expect(repeat.body).toBe(first.body);
      expect(repeat.headers["idempotency-replayed"]).toBe("true");
      expect((await order(edge, "k1", "milk")).status).toBe(422);
    }
  });

  it("sent from all places at once runs in one, and the others are told to wait", async () => {
    const told = Promise.withResolvers<void>();
    takeOrders(told.promise);
    const before = orders;
    let waiting = 0;
    const answers = await Promise.all(
      places.edges.map(async (edge) => {
        const answer = await order(edge, "k2");
        if (answer.status === 409 && ++waiting === 2) told.resolve();
        return answer;
      }),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.headers["retry-after"]).toBe("1");
    expect(orders).toBe(before + 1);
  });

  it("in doubt answers 502 once, does not fail over, and runs when the client sends it elsewhere again", async () => {
    takeOrders();
    const before = orders;
    const arrived = origins[1]!.received.length;
    const works = origins[0]!.respond;
    origins[0]!.respond = (socket) => socket.resetAndDestroy();
    expect((await order(places.edges[0]!, "k3")).status).toBe(502);
    expect(origins[1]!.received).toHaveLength(arrived);
    expect(orders).toBe(before);
    origins[0]!.respond = works;
    const again = await order(places.edges[1]!, "k3");
    expect(again.body).toBe(`order ${before + 1}`);
    expect((await order(places.edges[2]!, "k3")).body).toBe(again.body);
  });
});
