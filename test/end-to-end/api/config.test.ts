import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { whoGetsIn } from "../../support/api.ts";
import { startApiServices, type ApiServices } from "../../support/api-services.ts";

const BASE = "/api/v1/loadbalancer/config";
let services: ApiServices;
beforeAll(async () => {
  services = await startApiServices({ admin: { hosts: ["127.0.0.1"] } });
});
afterAll(() => services.stop());

interface Document {
  readonly revision: number;
  readonly source: string;
  readonly config: ConfigInput;
  readonly effective: ConfigInput;
}
interface Problem {
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
}
const get = async (query = "") => (await services.api.call<Document>("admin", "GET", `${BASE}${query}`)).body;
const put = (config: unknown, revision: number, more: object = {}) =>
  services.api.call("config", "PUT", BASE, {
    body: { config, ...more },
    headers: { "If-Match": `"${revision}"` },
  });
const weigh = (weight: number, reason = "") =>
  services.api.call<{ revision: number }>("operate", "PUT", "/api/v1/loadbalancer/instances/shop/eu1/weight", {
    body: { weight, reason },
  });
const rollback = (revision: number, more: object = {}) =>
  services.api.call("config", "POST", `${BASE}/rollback`, { body: { revision, ...more } });
/** The configuration as put, with some hosts of the shop. */
const withHosts = ({ config }: Document, hosts: string[]) => ({
  ...config,
  services: { ...config.services, shop: { ...config.services["shop"]!, hosts } },
});

describe(`GET ${BASE}`, () => {
  it("happy: tells what is deployed and what is in force, with the revision as ETag, now and then", async () => {
    const before = await get();
    const { body } = await weigh(5);
    const answer = await services.api.call<Document>("admin", "GET", BASE);
    expect(answer.headers["etag"]).toBe(`"${body.revision}"`);
    expect(answer.body).toMatchObject({ revision: body.revision, source: "deployed" });
    expect(answer.body.config.services["shop"]!.pools["eu"]!.origins[0]!.weight).toBe(1);
    expect(answer.body.effective.services["shop"]!.pools["eu"]!.origins[0]!.weight).toBe(5);
    const then = await get(`?revision=${before.revision}`);
    expect(then.effective).toEqual(before.effective);
  });

  it("error: there is no such revision", async () => {
    expect((await services.api.call("read", "GET", `${BASE}?revision=100000`)).status).toBe(404);
    expect((await services.api.call("read", "GET", `${BASE}?revision=-1`)).status).toBe(400);
  });

  it("security: only by scope read, and literal header values only for scope config", async () => {
    expect(await whoGetsIn(services.api, `GET ${BASE}`)).toEqual(["read", "admin"]);
    const before = await get();
    const { pools } = before.config.services["blog"]!;
    const only = {
      ...pools["only"]!,
      origins: [{ ...pools["only"]!.origins[0]!, headers: { "X-Door": "open-sesame" } }],
    };
    const blog = { ...before.config.services["blog"], pools: { only } };
    const config = { ...before.config, services: { ...before.config.services, blog } };
    expect((await put(config, before.revision)).status).toBe(200);
    const asRead = await services.api.call("read", "GET", BASE);
    const trail = await services.api.call("audit", "GET", "/api/v1/audit?action=config.put&limit=1");
    const diff = await services.api.call("read", "GET", `${BASE}/diff?from=${before.revision}`);
    for (const { status, body } of [asRead, trail, diff]) {
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toContain("open-sesame");
    }
    expect(JSON.stringify(await get())).toContain("open-sesame");
    await rollback(before.revision);
  });
});

describe(`PUT ${BASE}`, () => {
  it("happy: serves another host from the next request on, and is shown as put", async () => {
    const before = await get();
    expect((await services.visit("new.localhost")).status).toBe(421);
    const answer = await put(withHosts(before, ["shop.localhost", "new.localhost"]), before.revision, {
      reason: "another host",
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ complete: true, overrides: [{ kind: "config", reason: "another host" }] });
    expect((await services.visit("new.localhost")).status).toBe(200);
    expect((await services.visit("shop.localhost")).status).toBe(200);
    expect(await get()).toMatchObject({ source: "runtime" });
    // Whoever may only operate cannot take it away either.
    const cleared = await services.api.call("operate", "DELETE", "/api/v1/loadbalancer/overrides/config");
    expect(cleared.status).toBe(403);
    await rollback(before.revision);
    expect((await services.visit("new.localhost")).status).toBe(421);
  });

  it("happy: a service that is added serves, one that is taken out does not", async () => {
    const before = await get();
    const { shop } = before.config.services;
    const changed = {
      ...before.config,
      services: {
        shop,
        more: {
          hosts: ["more.localhost"],
          pools: { p: { region: "weur", origins: [{ id: "more1", url: services.originUrl }] } },
          monitor: { mode: "passive" },
        },
      },
    };
    expect((await put(changed, before.revision, { force: true })).status).toBe(200);
    expect((await services.visit("more.localhost")).status).toBe(200);
    expect((await services.visit("blog.localhost")).status).toBe(421);
    const purge = (service: string) =>
      services.api.call("purge", "POST", "/api/v1/cache/purge", { body: { everything: true, service } });
    expect([(await purge("more")).status, (await purge("blog")).status]).toEqual([200, 400]);
    const stats = await services.api.call<{ services: { service: string }[] }>("read", "GET", "/api/v1/cache/stats");
    expect(stats.body.services.map(({ service }) => service)).toEqual(["shop", "more"]);
    await rollback(before.revision, { force: true });
    expect((await services.visit("blog.localhost")).status).toBe(200);
  });

  it("error: of two edits of the same revision one is refused", async () => {
    const before = await get();
    const edits = await Promise.all(
      ["a.localhost", "b.localhost"].map((host) => put(withHosts(before, ["shop.localhost", host]), before.revision)),
    );
    expect(edits.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412]);
    await rollback(before.revision);
  });

  it("error: names each wrong field of the configuration by pointer", async () => {
    const { revision, config } = await get();
    const wrong = { ...config, services: { shop: { ...config.services["shop"], hosts: ["UPPER"], tiemouts: {} } } };
    const { status, body } = await put(wrong, revision);
    expect(status).toBe(400);
    expect(new Set((body as Problem).errors.map(({ pointer }) => pointer))).toEqual(
      new Set(["#/config/services/shop/hosts/0", "#/config/services/shop/tiemouts"]),
    );
    const without = await services.api.call("config", "PUT", BASE, { body: { config } });
    expect(without.status).toBe(400);
    expect(JSON.stringify(without.body)).toContain("if-match");
  });

  it("error: refuses what a copy would lose", async () => {
    const { revision, config } = await get();
    const lost = JSON.stringify({ config }).replace(
      '"services":{',
      '"services":{"__proto__":{"hosts":["a.localhost"]},',
    );
    const { status, body } = await services.api.call("config", "PUT", BASE, {
      body: lost,
      headers: { "If-Match": `"${revision}"` },
    });
    expect(status).toBe(400);
    expect((body as Problem).errors).toEqual([
      { pointer: "#/config", detail: "Expected no member called `__proto__`" },
    ]);
  });

  it("error: a service may not take the last host that the control plane is reached by", async () => {
    const before = await get();
    const { status, body } = await put(withHosts(before, ["*"]), before.revision);
    expect(status).toBe(400);
    expect((body as Problem).errors).toEqual([
      { pointer: "#/config/services", detail: expect.stringContaining("`shop` would take them all") },
    ]);
  });

  it("security: only by scope config", async () => {
    expect(await whoGetsIn(services.api, `PUT ${BASE}`)).toEqual(["config", "admin"]);
  });

  it("security: cannot change who may do what, nor have a secret sent to a place of one's own", async () => {
    const { revision, config } = await get();
    const admin = { ...config.admin, corsOrigins: ["https://evil.example"] };
    const escalated = await put({ ...config, admin }, revision);
    expect(escalated.status).toBe(400);
    expect((escalated.body as Problem).errors).toMatchObject([{ pointer: "#/config/admin" }]);
    const pools = {
      p: {
        region: "weur",
        origins: [{ id: "evil", url: "https://evil.example", headers: { "X-A": { secret: "ADMIN_TOKENS" } } }],
      },
    };
    const stolen = await put({ ...config, services: { evil: { hosts: ["evil.localhost"], pools } } }, revision);
    expect(stolen.status).toBe(400);
    expect((stolen.body as Problem).errors[0]!.detail).toContain("ADMIN_TOKENS");
  });
});

describe(`GET ${BASE}/revisions`, () => {
  it("happy: tells who changed what and why, the newest first, a page at a time", async () => {
    await weigh(2, "first");
    const { body } = await weigh(3, "second");
    const page = await services.api.call<{ next: string }>("read", "GET", `${BASE}/revisions?limit=1`);
    expect(page.body).toMatchObject({
      revisions: [
        {
          revision: body.revision,
          author: "token:operate",
          action: "instance.weight",
          target: "origin/eu1",
          reason: "second",
          diff: [{ key: "weight/eu1", before: { value: 2 }, after: { value: 3 } }],
        },
      ],
    });
    const next = await services.api.call("read", "GET", `${BASE}/revisions?limit=1&cursor=${page.body.next}`);
    expect(next.body).toMatchObject({ revisions: [{ revision: body.revision - 1, reason: "first" }] });
  });

  it("error: refuses a cursor that no page has given", async () => {
    expect((await services.api.call("read", "GET", `${BASE}/revisions?cursor=abc`)).status).toBe(400);
  });

  it("security: only by scope read", async () => {
    expect(await whoGetsIn(services.api, `GET ${BASE}/revisions`)).toEqual(["read", "admin"]);
  });
});

describe(`GET ${BASE}/diff`, () => {
  it("happy: tells what is different between two revisions", async () => {
    const first = (await weigh(7)).body.revision;
    const second = (await weigh(8)).body.revision;
    const { body } = await services.api.call("read", "GET", `${BASE}/diff?from=${first}&to=${second}`);
    expect(body).toMatchObject({
      from: first,
      to: second,
      overrides: [{ key: "weight/eu1", before: { value: 7 }, after: { value: 8 } }],
      config: [{ pointer: "#/services/shop/pools/eu/origins/0/weight", before: 7, after: 8 }],
    });
    const same = await services.api.call("read", "GET", `${BASE}/diff?from=${second}`);
    expect(same.body).toMatchObject({ to: second, overrides: [], config: [] });
  });

  it("error: wants revisions that there are", async () => {
    expect((await services.api.call("read", "GET", `${BASE}/diff`)).status).toBe(400);
    expect((await services.api.call("read", "GET", `${BASE}/diff?from=0&to=99999`)).status).toBe(404);
  });

  it("security: only by scope read", async () => {
    expect(await whoGetsIn(services.api, `GET ${BASE}/diff`)).toEqual(["read", "admin"]);
  });
});

describe(`POST ${BASE}/rollback`, () => {
  it("happy: makes a new revision that says what the earlier one said", async () => {
    const before = await get();
    await weigh(9);
    await services.api.call("operate", "POST", "/api/v1/loadbalancer/instances/shop/eu2/drain", { body: {} });
    const { status, body } = await rollback(before.revision, { reason: "worse than before" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ complete: true, revision: before.revision + 3 });
    const after = await get();
    expect(after.effective).toEqual(before.effective);
    expect(await services.originsOf("shop.localhost", 40)).toContain("eu2");
    // To nothing but what is deployed.
    expect((await rollback(0)).status).toBe(200);
    expect((await get()).effective).toEqual((await get()).config);
  });

  it("error: there is nothing to go back to", async () => {
    expect((await rollback(99_999)).status).toBe(404);
    expect((await rollback(-1)).status).toBe(400);
  });

  it("security: only by scope config", async () => {
    expect(await whoGetsIn(services.api, `POST ${BASE}/rollback`)).toEqual(["config", "admin"]);
  });
});
