import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../../demo/client.ts";
import { freePort } from "../../../demo/ports.ts";
import { startApi, whoGetsIn, type RunningApi } from "../../support/api.ts";

let api: RunningApi;
let origin: Server;
/** What the origin has; every answer says it. */
let version = 1;
let asked = 0;
let nobody = "";

beforeAll(async () => {
  const port = await freePort();
  nobody = `http://127.0.0.1:${await freePort()}/`;
  origin = createServer((request, response) => {
    asked++;
    const path = request.url!.split("?", 1)[0]!;
    response.setHeader("Cache-Control", path.startsWith("/private") ? "private" : "max-age=600");
    response.setHeader("Cache-Tag", `all, ${path.split("/").at(-1)}`);
    response.setHeader("ETag", `"${version}"`);
    response.end(`${request.method} ${path} version ${version}`);
  });
  await new Promise<void>((resolve) => origin.listen(port, "127.0.0.1", resolve));
  const service = (host: string, purgeMethod: boolean) => ({
    hosts: [host],
    pools: { p: { region: "enam" as const, origins: [{ id: host, url: `http://127.0.0.1:${port}` }] } },
    monitor: { mode: "passive" as const },
    cache: { rules: [{ key: { query: { exclude: ["utm_*"] } } }], purgeMethod },
  });
  const rateLimits = [{ name: "two", limit: 2, windowSeconds: 3_600, key: ["constant"], mode: "exact" as const }];
  api = await startApi(
    {
      services: {
        shop: service("shop.test", true),
        blog: service("blog.test", false),
        limited: { ...service("limited.test", false), rateLimits },
      },
    },
    { edges: 3 },
  );
});
afterAll(async () => {
  await api?.stop();
  origin?.closeAllConnections();
  origin?.close();
});

/** What each isolate serves: that of the API and three more. */
async function served(path: string, host = "shop.test"): Promise<string[]> {
  const { port, edgePorts } = api.workerd;
  const answers = await Promise.all([port, ...edgePorts].map((each) => send({ port: each, host, path })));
  return answers.map(({ status, body }) => (status === 200 ? body.split(" ").at(-1)! : `status ${status}`));
}

interface Purged {
  readonly id: string;
  readonly epoch: number;
  readonly complete: boolean;
  readonly effectiveWithinMs: number;
  readonly hubs: { readonly confirmed: number; readonly total: number };
}

const purge = (body: unknown, query = "") => api.call<Purged>("purge", "POST", `/api/v1/cache/purge${query}`, { body });

describe("POST /api/v1/cache/purge", () => {
  it.each([
    ["urls", { urls: ["http://shop.test/a/one?utm_source=x"] }],
    ["urls of either scheme and any case of host", { urls: ["HTTPS://SHOP.test/a/one#top"] }],
    ["tags", { tags: ["ONE"] }],
    ["prefixes", { prefixes: ["shop.test/a/"] }],
    ["hosts", { hosts: ["Shop.Test"] }],
    ["everything", { everything: true }],
    ["everything of a service", { everything: true, service: "shop", reason: "new prices" }],
  ])("happy: purges by %s, in every isolate, before it answers", async (_what, body) => {
    expect(new Set(await served("/a/one"))).toEqual(new Set([String(version)]));
    version++;
    const [before, after] = [String(version - 1), String(version)];
    expect(await served("/a/one")).toEqual([before, before, before, before]);
    const answer = await purge(body);
    expect(answer).toMatchObject({ status: 200, body: { complete: true, effectiveWithinMs: 0 } });
    expect(answer.body.hubs.confirmed).toBe(answer.body.hubs.total);
    expect(answer.body.hubs.total).toBeGreaterThan(0);
    expect(await served("/a/one")).toEqual([after, after, after, after]);
  });

  it("happy: finds what was asked for with its host in capitals", async () => {
    const shout = () => send({ port: api.workerd.port, host: "SHOP.Test", path: "/a/loud" });
    await shout();
    version++;
    await purge({ urls: ["http://shop.test/a/loud"] });
    expect((await shout()).body).toMatch(new RegExp(`version ${version}$`));
  });

  it("happy: leaves alone what it does not name", async () => {
    await served("/a/kept");
    version++;
    await purge({ tags: ["two"], urls: ["http://shop.test/a/two"], prefixes: ["shop.test/b/"], hosts: ["blog.test"] });
    await purge({ everything: true, service: "blog" });
    expect(new Set(await served("/a/kept"))).toEqual(new Set([String(version - 1)]));
  });

  it("happy: is in force at once in the isolate that took it, without waiting for the others", async () => {
    await served("/a/at-once");
    version++;
    const { status, body } = await purge({ tags: ["at-once"] }, "?waitMs=0");
    const here = await send({ port: api.workerd.port, host: "shop.test", path: "/a/at-once" });
    expect(status).toBe(200);
    expect(body.complete || body.effectiveWithinMs > 0).toBe(true);
    expect(here.body).toMatch(new RegExp(`version ${version}$`));
  });

  it("happy: leaves nothing that `Cache-Status` would call a variant", async () => {
    const get = async () =>
      (await send({ port: api.workerd.port, host: "shop.test", path: "/a/gone" })).headers["cache-status"];
    await get();
    expect(await get()).toMatch(/^Fairlead; hit/);
    await purge({ urls: ["http://shop.test/a/gone"] });
    expect(await get()).toMatch(/^Fairlead; fwd=uri-miss/);
  });

  it("happy: softly, asks the origin whether what is stored still stands", async () => {
    await served("/a/soft");
    expect((await purge({ tags: ["soft"], soft: true })).status).toBe(200);
    const before = asked;
    const { headers } = await send({ port: api.workerd.port, host: "shop.test", path: "/a/soft" });
    expect(asked).toBe(before + 1);
    expect(headers["cache-status"]).toContain("fwd=stale");
  });

  it("error: names every field that is wrong, and what would purge nothing", async () => {
    const wrong = await purge({ urls: ["shop.test/a", "http://other.test/"], tags: ["a b"], colour: "red" });
    expect(wrong.status).toBe(400);
    const pointersOf = (body: unknown) =>
      (body as { errors: { pointer: string }[] }).errors.map((each) => each.pointer);
    expect(pointersOf(wrong.body)).toEqual(expect.arrayContaining(["#/urls/0", "#/tags/0", "#/colour"]));
    const stray = await purge({ urls: ["http://other.test/"], service: "shoe" });
    expect(pointersOf(stray.body)).toEqual(["#/service", "#/urls/0"]);
    const nowhere = await purge({
      hosts: ["shop.test", "SHOP.test.", "shpo.test"],
      prefixes: ["http://Shop.test:80/a", "shpo.test/a", "shop.test"],
    });
    expect(nowhere).toMatchObject({
      status: 400,
      body: {
        errors: [
          {
            pointer: "#/prefixes/1",
            detail: 'Expected `prefixes.1` to be of a host that a service answers, got "shpo.test/a"',
          },
          { pointer: "#/hosts/2", detail: 'Expected `hosts.2` to be a host that a service answers, got "shpo.test"' },
        ],
      },
    });
    const nothing = await purge({ soft: true });
    expect(nothing).toMatchObject({ status: 400, body: { detail: expect.stringContaining("Expected 1 to 1000 of") } });
    expect((await purge({ everything: false })).status).toBe(400);
    expect((await purge({ tags: ["x"] }, "?waitMs=soon")).status).toBe(400);
  });

  it("security: is for those who may purge", async () => {
    expect(await whoGetsIn(api, "POST /api/v1/cache/purge")).toEqual(["purge", "admin"]);
  });
});

describe("GET /api/v1/cache/purges", () => {
  it("happy: tells who purged what and when, the newest first, page by page", async () => {
    await purge({ tags: ["first"], reason: "because" });
    const { body: second } = await purge({ urls: ["http://shop.test/x?b=1"], prefixes: ["shop.test/y"], soft: true });
    const page = await api.call<{ purges: object[]; next: string }>("read", "GET", "/api/v1/cache/purges?limit=1");
    expect(page.body.purges).toMatchObject([
      {
        id: second.id,
        actor: "token:purge",
        soft: true,
        urls: ["shop.test/x?b=1"],
        prefixes: ["shop.test/y"],
        tags: [],
      },
    ]);
    const older = await api.call<{ purges: { at: string }[] }>(
      "read",
      "GET",
      `/api/v1/cache/purges?limit=1&cursor=${page.body.next}`,
    );
    expect(older.body.purges).toMatchObject([{ tags: ["first"], reason: "because", service: null, everything: false }]);
    expect(Math.abs(Date.parse(older.body.purges[0]!.at) - Date.now())).toBeLessThan(60_000);
  });

  it("happy: is in the audit trail too", async () => {
    await purge({ tags: ["audited"], reason: "for the record" });
    const { body } = await api.call<{ records: object[] }>("audit", "GET", "/api/v1/audit?action=cache.purge&limit=1");
    expect(body.records).toMatchObject([{ actor: "token:purge", reason: "for the record", outcome: "done" }]);
  });

  it("error: refuses a cursor that no page gave", async () => {
    expect((await api.call("read", "GET", "/api/v1/cache/purges?cursor=yesterday")).status).toBe(400);
  });

  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, "GET /api/v1/cache/purges")).toEqual(["read", "admin"]);
  });
});

describe("GET /api/v1/cache/purges/{id}", () => {
  it("happy: says how far a purge has got", async () => {
    const { body } = await purge({ tags: ["later"] }, "?waitMs=0");
    const answer = await api.call("read", "GET", `/api/v1/cache/purges/${body.id}?waitMs=8000`);
    expect(answer).toMatchObject({ status: 200, body: { id: body.id, tags: ["later"], complete: true } });
  });

  it("error: knows no purge that never was", async () => {
    for (const id of ["purge-999999", "17", "purge-"])
      expect((await api.call("read", "GET", `/api/v1/cache/purges/${id}`)).status).toBe(404);
  });

  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, "GET /api/v1/cache/purges/{id}")).toEqual(["read", "admin"]);
  });
});

describe("GET /api/v1/cache/stats", () => {
  interface Stats {
    readonly services: readonly { readonly service: string; readonly requests: number; readonly regions: object[] }[];
    readonly hubs: { readonly away: readonly string[] };
  }
  const stats = (query = "") => api.call<Stats>("read", "GET", `/api/v1/cache/stats${query}`);

  it("happy: counts what the caches of all isolates did, hits included", async () => {
    const before = (await stats("?service=blog")).body.services[0]!;
    for (let round = 0; round < 5; round++) await served("/s/one", "blog.test");
    const expected = {
      service: "blog",
      requests: before.requests + 20,
      // Each isolate fetches once: there is no data centre's cache under plain workerd.
      hits: expect.any(Number) as number,
      hitRatio: expect.any(Number) as number,
      regions: [expect.objectContaining({ requests: before.requests + 20 })],
    };
    await expect
      .poll(async () => (await stats("?service=blog")).body, { timeout: 10_000, interval: 250 })
      .toMatchObject({ services: [expected], hubs: { away: [] } });
    const [blog] = (await stats("?service=blog")).body.services as unknown as { hits: number; misses: number }[];
    expect(blog!.hits).toBeGreaterThanOrEqual(16);
    expect((await stats()).body.services.map(({ service }) => service)).toEqual(["shop", "blog", "limited"]);
  });

  it("happy: counts for a service that came at runtime, whose answers can be purged", async () => {
    const path = "/api/v1/loadbalancer/config";
    const { body, headers } = await api.call<{ config: { services: Record<string, object> } }>("admin", "GET", path);
    const pools = { p: { region: "enam", origins: [{ id: "news", url: "http://127.0.0.1:9" }] } };
    const services = { ...body.config.services, news: { hosts: ["news.test"], pools } };
    const put = await api.call("config", "PUT", path, {
      body: { config: { ...body.config, services } },
      headers: { "If-Match": String(headers["etag"]) },
    });
    expect(put).toMatchObject({ status: 200 });
    expect((await stats()).body.services.map(({ service }) => service)).toContain("news");
    expect(await purge({ tags: ["all"], service: "news" })).toMatchObject({ status: 200 });
    expect(await purge({ hosts: ["news.test"], prefixes: ["news.test/"] })).toMatchObject({ status: 200 });
    expect((await api.call("config", "POST", `${path}/rollback`, { body: { revision: 0 } })).status).toBe(200);
  });

  it("error: knows no service that is not there", async () => {
    expect((await stats("?service=shoe")).status).toBe(404);
  });

  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, "GET /api/v1/cache/stats")).toEqual(["read", "admin"]);
  });
});

describe("POST /api/v1/cache/warm", () => {
  const warm = (urls: unknown) =>
    api.call<{ results: object[] }>("purge", "POST", "/api/v1/cache/warm", { body: { urls } });

  it("happy: fills the place that takes it, and says what could not be stored", async () => {
    const { status, body } = await warm(["http://shop.test/w/one", "http://shop.test/private/two"]);
    expect(status).toBe(200);
    expect(body.results).toMatchObject([
      { url: "http://shop.test/w/one", status: 200, stored: true },
      { url: "http://shop.test/private/two", status: 200, stored: false },
    ]);
    const headers = { "Accept-Encoding": "br, gzip" };
    const hit = await send({ port: api.workerd.port, host: "shop.test", path: "/w/one", headers });
    expect(hit.headers["cache-status"]).toContain("; hit");
    expect((await warm(["http://shop.test/w/one"])).body.results).toMatchObject([{ stored: true }]);
  });

  it("happy: takes nothing of what clients may ask for", async () => {
    const urls = ["a", "b", "c", "d"].map((name) => `http://limited.test/${name}`);
    const { body } = await warm(urls);
    expect(body.results).toMatchObject(urls.map((url) => ({ url, status: 200, stored: true })));
    const ask = async (path: string) => (await send({ port: api.workerd.port, host: "limited.test", path })).status;
    expect([await ask("/a"), await ask("/b"), await ask("/c")]).toEqual([200, 200, 429]);
    expect((await warm(urls)).body.results).toMatchObject(urls.map((url) => ({ url, status: 200 })));
  });

  it("error: takes a list of URLs that services answer", async () => {
    expect((await warm([])).status).toBe(400);
    expect((await warm("http://shop.test/")).status).toBe(400);
    expect((await warm(["ftp://shop.test/"])).status).toBe(400);
  });

  it("security: reaches nothing but services, and is for those who may purge", async () => {
    const before = asked;
    for (const url of [
      nobody,
      "http://169.254.169.254/latest/",
      "http://shop.test@127.0.0.1/",
      "http://localhost/health",
    ])
      expect({ url, status: (await warm([url])).status }).toEqual({ url, status: 400 });
    expect(asked).toBe(before);
    expect(await whoGetsIn(api, "POST /api/v1/cache/warm")).toEqual(["purge", "admin"]);
  });
});

describe("PURGE", () => {
  const ask = (host: string, token: string | null, headers: Record<string, string> = {}) =>
    send({
      port: api.workerd.edgePorts[0]!,
      host,
      method: "PURGE",
      path: "/p/one",
      headers: { ...(token === null ? {} : { Authorization: `Bearer ${token}` }), ...headers },
    });

  it("purges its URL everywhere for who may, where the service takes it", async () => {
    await served("/p/one");
    version++;
    const { status, body } = await ask("shop.test", api.tokens.purge);
    expect([status, JSON.parse(body)]).toMatchObject([200, { complete: true, id: expect.stringMatching(/^purge-/) }]);
    expect(new Set(await served("/p/one"))).toEqual(new Set([String(version)]));
  });

  it("is refused to others, and changes nothing", async () => {
    await served("/p/one");
    version++;
    expect((await ask("shop.test", null)).status).toBe(401);
    expect((await ask("shop.test", api.tokens.read)).status).toBe(403);
    expect(new Set(await served("/p/one"))).toEqual(new Set([String(version - 1)]));
  });

  it("goes to the origin where the service does not take it", async () => {
    expect((await ask("blog.test", null)).body).toMatch(/^PURGE \/p\/one/);
  });
});
