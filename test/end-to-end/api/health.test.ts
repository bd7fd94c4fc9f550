import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SCOPES } from "../../../src/config/scope.ts";
import { startApi, whoGetsIn, type RunningApi } from "../../support/api.ts";

let api: RunningApi;

beforeAll(async () => {
  const origins = [{ id: "shop-1", url: "http://127.0.0.1:9" }];
  api = await startApi({
    services: {
      shop: { hosts: ["shop.localhost"], pools: { eu: { region: "weur", origins } }, monitor: { mode: "passive" } },
    },
  });
});
afterAll(() => api.stop());

const SHOP = { service: "shop", status: "healthy", origins: 1, available: 1, panicking: false, fault: null };

/** There is nothing wrong that one could ask of these but another method. */
const statusOfPut = async (path: string) => (await api.call("admin", "PUT", path)).status;

describe.each([
  ["GET /health/live", "/health/live", { status: "live" }],
  ["GET /health/ready", "/health/ready", { status: "ready" }],
])("%s", (operation, path, body) => {
  it("happy", async () => {
    expect(await api.call(null, "GET", path)).toMatchObject({ status: 200, body });
  });
  it("error: there is no other method", async () => {
    expect(await statusOfPut(path)).toBe(405);
  });
  it("security: is for anybody", async () => {
    expect(await whoGetsIn(api, operation)).toEqual(["nobody", "wrong token", ...SCOPES]);
  });
});

describe.each([
  ["GET /health", "/health", { status: "healthy", services: [SHOP] }],
  ["GET /health/detailed", "/health/detailed", { status: "healthy", services: [{ ...SHOP, out: [] }] }],
  ["GET /api/v1/openapi.json", "/api/v1/openapi.json", { openapi: "3.1.0", paths: { "/health": {} } }],
])("%s", (operation, path, body) => {
  it("happy", async () => {
    expect(await api.call("read", "GET", path)).toMatchObject({ status: 200, body });
  });
  it("error: there is no other method", async () => {
    expect(await statusOfPut(path)).toBe(405);
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, operation)).toEqual(["read", "admin"]);
  });
});

describe("an isolate without traffic", () => {
  it("asks its hub when it is asked itself", async () => {
    const { body } = await api.call<{ view: { ageMs: number } }>("read", "GET", "/health/detailed");
    expect(body.view.ageMs).toBeGreaterThanOrEqual(0);
  });
});
