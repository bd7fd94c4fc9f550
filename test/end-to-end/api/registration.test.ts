import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whoGetsIn } from "../../support/api.ts";
import { startApiServices, type ApiServices } from "../../support/api-services.ts";
import { startOrigin, type Origin } from "../../support/place-origins.ts";

const BASE = "/api/v1/loadbalancer/instances";
let services: ApiServices;
let joining: Origin;
let url: string;
beforeAll(async () => {
  joining = await startOrigin();
  url = `http://127.0.0.1:${joining.port}`;
  services = await startApiServices({
    registration: { allow: [`http://127.0.0.1:${joining.port}/app`, "https://*.origins.example.com"] },
  });
});
afterAll(() => Promise.all([services.stop(), joining.stop()]));

const register = (service: string, body: unknown) =>
  services.api.call("config", "POST", `${BASE}/${service}`, { body });
const remove = (id: string, query = "") => services.api.call("config", "DELETE", `${BASE}/shop/${id}${query}`);
const ids = async () => {
  const { body } = await services.api.call<{ instances: { id: string }[] }>("read", "GET", `${BASE}/shop`);
  return body.instances.map(({ id }) => id);
};

describe(`POST ${BASE}/{service}`, () => {
  it("happy: an origin joins its pool, takes requests, and goes when its heartbeat stops", async () => {
    const body = { id: "new1", url: `${url}/app/new1`, pool: "eu", labels: { tier: "new" }, ttlSeconds: 2 };
    const joined = await register("shop", body);
    expect(joined.status).toBe(200);
    expect(joined.body).toMatchObject({ complete: true, instances: ["new1"], overrides: [{ kind: "registration" }] });
    expect(await services.originsOf("shop.localhost", 12)).toContain("new1");
    const { revision } = joined.body as { revision: number };
    // Heartbeats change nothing, and keep it in beyond its TTL.
    for (let beat = 0; beat < 6; beat++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await register("shop", body)).body).toMatchObject({ revision, complete: true });
    }
    expect(await ids()).toContain("new1");
    const stoppedMs = performance.now();
    await expect
      .poll(() => services.originsOf("shop.localhost", 6), { timeout: 10_000, interval: 50 })
      .not.toContain("new1");
    expect(performance.now() - stoppedMs).toBeLessThan(4_000);
    expect(await ids()).not.toContain("new1");
  });

  it("happy: a batch is one change, and ids are made from URLs", async () => {
    const at = (name: string) => ({ url: `https://${name}.origins.example.com`, pool: "us", weight: 0 });
    const { status, body } = await register("shop", { instances: [at("a"), at("b")], reason: "scaling out" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ instances: ["a.origins.example.com", "b.origins.example.com"] });
    for (const id of ["a", "b"]) expect((await remove(`${id}.origins.example.com`, "?force=true")).status).toBe(200);
  });

  it("error: names what is wrong, and registers none of a batch of which one is refused", async () => {
    const before = await ids();
    const good = { url: "https://c.origins.example.com", pool: "us" };
    const { status, body } = await register("shop", {
      instances: [good, { ...good, url: "https://evil.example.com" }],
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ pointer: "#/instances/1/url" }] });
    expect((await register("shop", { ...good, pool: "mars" })).status).toBe(400);
    expect((await register("shop", { ...good, id: "eu1" })).status).toBe(409);
    expect((await register("nothing", good)).status).toBe(404);
    expect(await ids()).toEqual(before);
  });

  it("error: says what was wrong, what it may be and what came, without credentials", async () => {
    const detailOf = async (body: object) =>
      (await services.api.call<{ detail: string }>("config", "POST", `${BASE}/shop`, { body })).body.detail;
    const elsewhere = "http://127.0.0.1:1/app";
    expect(await detailOf({ url: elsewhere, pool: "eu" })).toBe(
      `Expected \`url\` to be a URL that \`registration.allow\` of the deployed configuration allows, got "${elsewhere}".`,
    );
    expect(await detailOf({ url: `${url}/app`, pool: "nowhere" })).toMatch(
      /^Expected `pool` to be one of .*\beu\b.*, got "nowhere"\.$/,
    );
    expect(await detailOf({ url: "https://ann:pw@a.origins.example.com/", pool: "eu" })).toMatch(
      /^Expected `url` to be a URL without credentials .*, got "https:\/\/\*\*\*@a\.origins/,
    );
  });

  it("security: only by scope config", async () => {
    expect(await whoGetsIn(services.api, `POST ${BASE}/{service}`)).toEqual(["config", "admin"]);
  });

  it("security: reaches no place that the configuration does not allow, however it is spelt", async () => {
    const forged = [
      "http://169.254.169.254/latest/meta-data",
      `${url}/other`,
      `${url}/app/../other`,
      `${url}/application`,
      `http://127.0.0.1:${joining.port + 1}/app`,
      `http://localhost:${joining.port}/app`,
      `http://2130706433:${joining.port}/other`,
      "https://origins.example.com",
      "https://a.origins.example.com.evil.example",
      "https://a.origins.example.com@evil.example/",
      "https://ann:pw@a.origins.example.com/",
      "https://a.origins.example.com:8443/",
      "http://a.origins.example.com/",
      "https://a.origins.example.com/?x=1",
      "https://a.origins.example.com/#x",
      "file:///etc/passwd",
      "javascript:alert(1)",
    ];
    for (const each of forged) {
      const { status, body } = await register("shop", { url: each, pool: "eu" });
      expect({ each, status, body }).toMatchObject({ each, status: 400, body: { errors: [{ pointer: "#/url" }] } });
    }
  });
});

describe(`DELETE ${BASE}/{service}/{instance}`, () => {
  const join = (id: string) => register("shop", { id, url: `${url}/app/${id}`, pool: "eu" });

  it("happy: drains first, then goes", async () => {
    await join("leaving");
    expect(await services.originsOf("shop.localhost", 12)).toContain("leaving");
    const { status, body } = await remove("leaving", "?drainSeconds=1&reason=done");
    expect(status).toBe(200);
    expect(body).toMatchObject({ complete: true });
    expect(await services.originsOf("shop.localhost", 12)).not.toContain("leaving");
    await expect.poll(ids, { timeout: 10_000 }).not.toContain("leaving");
    const { body: standing } = await services.api.call("read", "GET", "/api/v1/loadbalancer/overrides");
    expect(JSON.stringify(standing)).not.toContain("leaving");
  });

  it("happy: goes at once with force, and may come back", async () => {
    await join("comes-back");
    expect((await remove("comes-back", "?force=true")).status).toBe(200);
    expect(await ids()).not.toContain("comes-back");
    await join("comes-back");
    expect((await remove("comes-back", "?drainSeconds=60")).status).toBe(200);
    await join("comes-back");
    expect(await services.originsOf("shop.localhost", 12)).toContain("comes-back");
    await remove("comes-back", "?force=true");
  });

  it("error: what is deployed cannot be deregistered, and what is not there is not", async () => {
    expect((await remove("eu1")).status).toBe(409);
    expect((await remove("nobody")).status).toBe(404);
  });

  it("security: only by scope config", async () => {
    expect(await whoGetsIn(services.api, `DELETE ${BASE}/{service}/{instance}`)).toEqual(["config", "admin"]);
  });
});
