// What operators have laid over the configuration: as a list, taken away again, and in the audit trail.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { whoGetsIn } from "../../support/api.ts";
import { startApiServices, type ApiServices } from "../../support/api-services.ts";

const INSTANCES = "/api/v1/loadbalancer/instances";
const OVERRIDES = "/api/v1/loadbalancer/overrides";

let services: ApiServices;
beforeAll(async () => {
  services = await startApiServices();
});
afterAll(() => services.stop());
/** What one test leaves behind is not the next one's. */
afterEach(() => services.takeBack());

const read = <Body>(path: string) => services.api.call<Body>("read", "GET", path);
const operate = (method: string, path: string, body: unknown = {}) =>
  services.api.call<{ revision: number }>("operate", method, path, { body });

describe(`GET ${OVERRIDES}`, () => {
  it("happy: lists what stands, by whom and until when", async () => {
    await operate("POST", `${INSTANCES}/shop/eu1/drain`, { reason: "a", expiresInSeconds: 600 });
    const { body: change } = await operate("PUT", `${INSTANCES}/shop/eu2/weight`, { weight: 3 });
    const { body } = await read<{ revision: number }>(OVERRIDES);
    expect(body).toMatchObject({
      revision: change.revision,
      overrides: [
        { key: "administrative/eu1", kind: "administrative", about: "eu1", author: "token:operate", reason: "a" },
        { key: "weight/eu2", value: 3, expiresAt: null },
      ],
      dangling: [],
      superseded: [],
    });
  });

  it("error: there is nothing to page or filter by", async () => {
    expect((await services.api.call("read", "POST", OVERRIDES, { body: {} })).status).toBe(405);
  });

  it("security: only by scope read", async () => {
    expect(await whoGetsIn(services.api, `GET ${OVERRIDES}`)).toEqual(["read", "admin"]);
  });
});

describe(`DELETE ${OVERRIDES}/{key}`, () => {
  const clear = (key: string) => services.api.call("operate", "DELETE", `${OVERRIDES}/${encodeURIComponent(key)}`);

  it("happy: what is configured holds again", async () => {
    await operate("PUT", `${INSTANCES}/shop/eu1/weight`, { weight: 0 });
    expect((await clear("weight/eu1")).status).toBe(200);
    expect(await services.originsOf("shop.localhost")).toEqual(["eu1", "eu2"]);
  });

  it("error: there is no such override", async () => {
    expect((await clear("weight/eu1")).status).toBe(404);
    expect((await clear("__proto__")).status).toBe(404);
  });

  it("security: only by scope operate", async () => {
    expect(await whoGetsIn(services.api, `DELETE ${OVERRIDES}/{key}`)).toEqual(["operate", "admin"]);
  });
});

describe("GET /api/v1/audit", () => {
  it("happy: pages through what was done, filtered by actor, action, target and time", async () => {
    const from = new Date().toISOString();
    await operate("PUT", `${INSTANCES}/shop/eu1/weight`, { weight: 5, reason: "one" });
    await operate("PUT", `${INSTANCES}/shop/eu1/weight`, { weight: 6, reason: "two" });
    const ask = (query: string) =>
      services.api.call<{ records: { reason: string }[]; next: string | null }>(
        "audit",
        "GET",
        `/api/v1/audit?${query}`,
      );
    const query = `actor=token:operate&action=instance.weight&target=origin/eu1&from=${from}`;
    const first = (await ask(`${query}&limit=1`)).body;
    expect(first.records).toMatchObject([{ reason: "two" }]);
    const second = (await ask(`${query}&limit=1&cursor=${first.next}`)).body;
    expect(second).toMatchObject({ records: [{ reason: "one" }], next: null });
    expect((await ask("to=2020-01-01T00:00:00Z")).body.records).toEqual([]);
  });

  it("error: refuses times and cursors that are none", async () => {
    for (const query of ["from=yesterday", "cursor=x", "limit=5000"])
      expect((await services.api.call("audit", "GET", `/api/v1/audit?${query}`)).status).toBe(400);
  });

  it("security: only by scope audit, and there is no way to write to it", async () => {
    expect(await whoGetsIn(services.api, "GET /api/v1/audit")).toEqual(["audit", "admin"]);
    for (const method of ["POST", "PUT", "DELETE"])
      expect((await services.api.call("admin", method, "/api/v1/audit", { body: {} })).status).toBe(405);
  });
});
