import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../../demo/client.ts";
import { startApi, until, whoGetsIn, type RunningApi } from "../../support/api.ts";
import { startOrigin, type Origin } from "../../support/place-origins.ts";

const PATH = "/api/v1/admin/loadbalancer";

let origin: Origin;
let api: RunningApi;

beforeAll(async () => {
  origin = await startOrigin();
  const origins = [{ id: "shop-1", url: `http://127.0.0.1:${origin.port}` }];
  api = await startApi({
    services: {
      shop: { hosts: ["shop.localhost"], pools: { eu: { region: "weur", origins } }, monitor: { mode: "passive" } },
    },
  });
  await send({ port: api.workerd.port, host: "shop.localhost" });
});
afterAll(() => Promise.all([api.stop(), origin.stop()]));

interface Hub {
  readonly isolates: number;
  readonly counters: Readonly<Record<string, number>>;
}
interface Debug {
  readonly isolate: {
    readonly region: string;
    readonly lease: boolean;
    readonly syncs: Readonly<Record<string, number>>;
  };
  readonly hubs: Readonly<Record<string, Hub>>;
}
const debug = async () => (await api.call<Debug>("admin", "GET", `${PATH}/debug`)).body;
const requests = async () =>
  (await api.call<{ requests: number }>("read", "GET", "/api/v1/loadbalancer/stats/shop")).body.requests;

describe(`GET ${PATH}/debug`, () => {
  it("happy: says what the isolate, its hub and the ControlPlane have, and no secret", async () => {
    const body = await debug();
    expect(body).toMatchObject({ isolate: { lease: true }, controlPlane: { overrides: 0 }, asked: { away: [] } });
    expect(body.isolate.syncs["syncs"]).toBeGreaterThan(0);
    expect(body.hubs[body.isolate.region]!.isolates).toBe(1);
    for (const token of Object.values(api.tokens)) expect(JSON.stringify(body)).not.toContain(token);
  });
  it("error: there is no other method", async () => {
    expect((await api.call("admin", "PUT", `${PATH}/debug`)).status).toBe(405);
  });
  it("security: is for administrators", async () => {
    expect(await whoGetsIn(api, `GET ${PATH}/debug`)).toEqual(["admin"]);
  });
});

describe(`POST ${PATH}/reset`, () => {
  it("happy: has hubs count from zero, and breakers closed", async () => {
    await until(async () => (await requests()) > 0);
    const body = { reason: "drill", force: true };
    await api.call("operate", "POST", "/api/v1/circuit-breakers/shop-1/open", { body });
    const answer = await api.call("admin", "POST", `${PATH}/reset`, {
      body: { what: ["statistics", "breakers"], reason: "after the drill" },
    });
    expect(answer).toMatchObject({ status: 200, body: { breakers: ["shop-1"], hubs: { away: [] } } });
    expect(await requests()).toBe(0);
    const breaker = await api.call("read", "GET", "/api/v1/circuit-breakers/shop-1");
    expect(breaker.body).toMatchObject({ world: { breaker: "closed", reason: "token:admin: after the drill" } });
  });
  it("error: wants to be told what", async () => {
    for (const body of [{}, { what: [] }, { what: ["everything"] }])
      expect((await api.call("admin", "POST", `${PATH}/reset`, { body })).status).toBe(400);
  });
  it("security: is for administrators", async () => {
    expect(await whoGetsIn(api, `POST ${PATH}/reset`)).toEqual(["admin"]);
  });
});

describe(`POST ${PATH}/reload`, () => {
  it("happy: has hubs with isolates contact the ControlPlane, and lets the others be", async () => {
    const { isolate, hubs } = await debug();
    const answer = await api.call<{ reloaded: string[]; idle: string[] }>("admin", "POST", `${PATH}/reload`, {
      body: { reason: "to be sure" },
    });
    expect(answer.body.reloaded).toEqual([isolate.region]);
    expect(answer.body.idle).toHaveLength(Object.keys(hubs).length - 1);
    const contacts = (hub: Hub) => hub.counters["contacts"]!;
    expect(contacts((await debug()).hubs[isolate.region]!)).toBeGreaterThan(contacts(hubs[isolate.region]!));
  });
  it("error: refuses unknown fields", async () => {
    expect((await api.call("admin", "POST", `${PATH}/reload`, { body: { hub: "weur" } })).status).toBe(400);
  });
  it("security: is for administrators", async () => {
    expect(await whoGetsIn(api, `POST ${PATH}/reload`)).toEqual(["admin"]);
  });
});
