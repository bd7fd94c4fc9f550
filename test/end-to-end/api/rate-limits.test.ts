import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../../demo/client.ts";
import { startApi, until, whoGetsIn, type RunningApi } from "../../support/api.ts";
import { startOrigin, type Origin } from "../../support/place-origins.ts";

const PATH = "/api/v1/rate-limits";

let origin: Origin;
let api: RunningApi;

beforeAll(async () => {
  origin = await startOrigin();
  const service = (name: string) => ({
    hosts: [`${name}.localhost`],
    pools: { eu: { region: "weur" as const, origins: [{ id: name, url: `http://127.0.0.1:${origin.port}` }] } },
    monitor: { mode: "passive" as const },
    rateLimits: [
      {
        name: "all",
        key: ["header:x-user", "ip"],
        limit: 2,
        windowSeconds: 3600,
        mode: "exact" as const,
        timeoutMs: 5_000,
      },
      { name: "loose", limit: 1_000_000, windowSeconds: 60, mode: "local" as const },
    ],
  });
  const shop = service("shop");
  const pair = { name: "pair", key: ["ip+path"], limit: 1_000, windowSeconds: 60 };
  api = await startApi({
    services: { shop: { ...shop, rateLimits: [...shop.rateLimits, pair] }, blog: service("blog") },
  });
});
afterAll(() => Promise.all([api.stop(), origin.stop()]));

const ask = async (headers: Record<string, string>) =>
  (await send({ port: api.workerd.port, host: "shop.localhost", headers })).status;
const reset = (limit: string, key: string, body: object = {}) =>
  api.call("operate", "POST", `${PATH}/${limit}/${encodeURIComponent(key)}/reset`, { body });

describe(`GET ${PATH}`, () => {
  it("happy: has every limit of every service and what it did", async () => {
    for (let index = 0; index < 3; index++) await ask({ "CF-Connecting-IP": "192.0.2.1" });
    interface Limit {
      readonly service: string;
      readonly name: string;
      readonly events: { readonly admitted: number; readonly refused: number };
    }
    const limits = async () => (await api.call<{ limits: Limit[] }>("read", "GET", PATH)).body.limits;
    await until(async () => (await limits())[0]!.events.refused === 1);
    const [all, ...others] = await limits();
    expect(all).toMatchObject({ service: "shop", name: "all", limit: 2, mode: "exact", events: { admitted: 2 } });
    expect(others.map(({ service, name }) => `${service} ${name}`)).toEqual([
      "shop loose",
      "shop pair",
      "blog all",
      "blog loose",
    ]);
  });
  it("error: there is no other method", async () => {
    expect((await api.call("admin", "PUT", PATH)).status).toBe(405);
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, `GET ${PATH}`)).toEqual(["read", "admin"]);
  });
});

describe(`POST ${PATH}/{name}/{key}/reset`, () => {
  it("happy: lets in again who was refused, by address and by another entry of the key, and nobody else", async () => {
    for (const headers of [
      { "CF-Connecting-IP": "192.0.2.2" },
      { "X-User": "ann", "CF-Connecting-IP": "192.0.2.9" },
      { "X-User": "bob", "CF-Connecting-IP": "192.0.2.9" },
    ]) {
      expect([await ask(headers), await ask(headers), await ask(headers)]).toEqual([200, 200, 429]);
    }
    const byAddress = await reset("all", "ip=192.0.2.2", { service: "shop", reason: "a whole office" });
    expect(byAddress).toMatchObject({ status: 200, body: { service: "shop", limit: "all", complete: true } });
    expect((await reset("all", "ann", { service: "shop" })).status).toBe(200);
    expect(await ask({ "CF-Connecting-IP": "192.0.2.2" })).toBe(200);
    expect(await ask({ "X-User": "ann" })).toBe(200);
    expect(await ask({ "X-User": "bob" })).toBe(429);
    await until(async () => {
      const audit = await api.call<{ records: { reason: string; target: string }[] }>(
        "audit",
        "GET",
        "/api/v1/audit?action=rate-limit.reset",
      );
      return audit.body.records.some(
        ({ reason, target }) => reason === "a whole office" && target === "limit/shop/all",
      );
    });
  });
  it("error: wants to know which service, has no such limit, cannot reset a local one, and names a wrong key", async () => {
    expect((await reset("all", "192.0.2.1")).status).toBe(409);
    expect((await reset("nothing", "192.0.2.1")).status).toBe(404);
    expect((await reset("all", "192.0.2.1", { service: "nobody" })).status).toBe(404);
    expect((await reset("loose", "192.0.2.1", { service: "shop" })).status).toBe(409);
    const wrong = await reset("pair", "192.0.2.1");
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ parameter: "key" }] } });
    expect((await reset("all", "192.0.2.1", { services: "shop" })).status).toBe(400);
  });
  it("security: is for operators", async () => {
    expect(await whoGetsIn(api, `POST ${PATH}/{name}/{key}/reset`)).toEqual(["operate", "admin"]);
  });
});
