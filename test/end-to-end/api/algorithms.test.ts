import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whoGetsIn } from "../../support/api.ts";
import { startApiServices, type ApiServices } from "../../support/api-services.ts";

const BASE = "/api/v1/loadbalancer/algorithms";
let services: ApiServices;
beforeAll(async () => {
  services = await startApiServices();
});
afterAll(() => services.stop());

const read = (path: string) => services.api.call("read", "GET", path);
const put = (service: string, body: unknown) => services.api.call("operate", "PUT", `${BASE}/${service}`, { body });

describe(`GET ${BASE}`, () => {
  it("happy: tells every service's policies", async () => {
    const { body } = await read(BASE);
    expect(body).toMatchObject({
      algorithms: [
        { service: "shop", algorithm: "failover", within: "weighted-round-robin" },
        { service: "blog", algorithm: "failover", overridden: false },
      ],
    });
  });

  it("error: there is nothing to change here", async () => {
    expect((await services.api.call("operate", "PUT", BASE, { body: {} })).status).toBe(405);
  });

  it("security: only by scope read", async () => {
    expect(await whoGetsIn(services.api, `GET ${BASE}`)).toEqual(["read", "admin"]);
  });
});

describe(`GET ${BASE}/{service}`, () => {
  it("happy: tells a service's policies", async () => {
    expect((await read(`${BASE}/blog`)).body).toMatchObject({ service: "blog", algorithm: "failover" });
  });

  it("error: knows no other service", async () => {
    expect((await read(`${BASE}/nothing`)).status).toBe(404);
  });

  it("security: only by scope read", async () => {
    expect(await whoGetsIn(services.api, `GET ${BASE}/{service}`)).toEqual(["read", "admin"]);
  });
});

describe(`PUT ${BASE}/{service}`, () => {
  it("happy: steers by another policy from the next request on, until it expires", async () => {
    expect(await services.originsOf("shop.localhost")).toEqual(["eu1", "eu2"]);
    const { status, body } = await put("shop", { algorithm: "round-robin", within: "failover", expiresInSeconds: 3 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ complete: true, overrides: [{ key: "policy/shop" }] });
    expect(await services.originsOf("shop.localhost")).toEqual(["eu1", "us1"]);
    expect((await read(`${BASE}/shop`)).body).toMatchObject({
      algorithm: "round-robin",
      within: "failover",
      configured: { algorithm: "failover", within: "weighted-round-robin" },
      overridden: true,
    });
    await expect.poll(() => services.originsOf("shop.localhost"), { timeout: 10_000 }).toEqual(["eu1", "eu2"]);
  });

  it("happy: keeps drains while it restructures", async () => {
    await services.api.call("operate", "POST", "/api/v1/loadbalancer/instances/shop/us1/drain", { body: {} });
    await put("shop", { algorithm: "round-robin" });
    expect(await services.originsOf("shop.localhost")).toEqual(["eu1", "eu2"]);
  });

  it("error: refuses what the configuration would refuse, by field", async () => {
    const unknown = await put("shop", { algorithm: "fastest" });
    expect(unknown.status).toBe(400);
    expect(unknown.body).toMatchObject({ errors: [{ pointer: "#/algorithm" }] });
    const between = await put("shop", { within: "geo" });
    expect(between.status).toBe(400);
    expect(between.body).toMatchObject({ errors: [{ pointer: "#/within" }] });
    const listless = await put("shop", { algorithm: "geo" });
    expect(listless.status).toBe(400);
    expect((await put("shop", {})).status).toBe(400);
    expect((await put("nothing", { algorithm: "random" })).status).toBe(404);
  });

  it("security: only by scope operate", async () => {
    expect(await whoGetsIn(services.api, `PUT ${BASE}/{service}`)).toEqual(["operate", "admin"]);
  });
});
