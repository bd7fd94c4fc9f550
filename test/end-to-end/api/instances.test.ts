import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { whoGetsIn } from "../../support/api.ts";
import { startApiServices, type ApiServices } from "../../support/api-services.ts";

const BASE = "/api/v1/loadbalancer/instances";

interface Instance {
  readonly id: string;
  readonly state: string;
  readonly weight: number;
  readonly available: boolean;
  readonly reason: string | null;
}
interface Page {
  readonly instances: readonly Instance[];
  readonly next: string | null;
}
interface Change {
  readonly revision: number;
  readonly complete: boolean;
  readonly effectiveWithinMs: number;
  readonly overrides: readonly { key: string; value: unknown; author: string; reason: string; expiresAt: string }[];
}
interface Problem {
  readonly type: string;
  readonly detail: string;
  readonly services?: readonly string[];
  readonly errors?: readonly { pointer?: string; parameter?: string }[];
}

let services: ApiServices;
beforeAll(async () => {
  services = await startApiServices();
});
afterAll(() => services.stop());

const read = <Body>(path: string) => services.api.call<Body>("read", "GET", path);
const operate = <Body = Change>(method: string, path: string, body: unknown = {}) =>
  services.api.call<Body>("operate", method, path, { body });
const instance = async (id: string) => (await read<Instance>(`${BASE}/shop/${id}`)).body;

/** What one test leaves behind is not the next one's. */
afterEach(() => services.takeBack());

describe(`GET ${BASE}`, () => {
  const ids = async (query: string) => (await read<Page>(`${BASE}${query}`)).body.instances.map(({ id }) => id);

  it("happy: lists every origin by id, filtered by label, region, version and pool", async () => {
    expect(await ids("")).toEqual(["blog1", "eu1", "eu2", "us1"]);
    expect(await ids("?label.tier=gold")).toEqual(["eu1", "us1"]);
    expect(await ids("?label.tier=gold&region=weur")).toEqual(["eu1"]);
    expect(await ids("?version=2")).toEqual(["eu2"]);
    expect(await ids("?pool=us")).toEqual(["us1"]);
    expect(await ids("?label.tier=lead")).toEqual([]);
  });

  it("happy: pages by cursor, each origin once", async () => {
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const path: string = cursor === "" ? `${BASE}?limit=3` : `${BASE}?limit=3&cursor=${cursor}`;
      const { body }: { body: Page } = await read<Page>(path);
      seen.push(...body.instances.map(({ id }) => id));
      cursor = body.next;
    }
    expect(seen).toEqual(["blog1", "eu1", "eu2", "us1"]);
  });

  it("error: refuses filters that do not exist, and regions", async () => {
    const misspelt = await read<Problem>(`${BASE}?lable.tier=gold`);
    expect(misspelt.status).toBe(400);
    expect(misspelt.body.errors).toMatchObject([{ parameter: "lable.tier" }]);
    expect((await read(`${BASE}?region=mars`)).status).toBe(400);
    expect((await read(`${BASE}?limit=0`)).status).toBe(400);
  });

  it("security: only by scope read", async () => {
    expect(await whoGetsIn(services.api, `GET ${BASE}`)).toEqual(["read", "admin"]);
  });
});

describe(`GET ${BASE}/{service}`, () => {
  it("happy: lists the origins of one service", async () => {
    const { body } = await read<Page>(`${BASE}/shop?limit=2`);
    expect(body.instances.map(({ id }) => id)).toEqual(["eu1", "eu2"]);
    expect(body.next).toBe("eu2");
  });

  it("error: knows no other service, not even one that every object has", async () => {
    expect((await read(`${BASE}/nothing`)).status).toBe(404);
    expect((await read(`${BASE}/constructor`)).status).toBe(404);
  });

  it("security: only by scope read", async () => {
    expect(await whoGetsIn(services.api, `GET ${BASE}/{service}`)).toEqual(["read", "admin"]);
  });
});

describe(`GET ${BASE}/{service}/{instance}`, () => {
  it("happy: finds an origin by id and by URL", async () => {
    expect(await instance("eu1")).toMatchObject({
      id: "eu1",
      service: "shop",
      pool: "eu",
      region: "weur",
      state: "enabled",
      available: true,
      reason: null,
      breaker: "closed",
      registered: false,
    });
    const byUrl = await read<Instance>(`${BASE}/shop/${encodeURIComponent(`${services.originUrl}/eu2`)}`);
    expect(byUrl.body.id).toBe("eu2");
  });

  it("error: an origin of another service is not this one's", async () => {
    expect((await read(`${BASE}/shop/blog1`)).status).toBe(404);
  });

  it("security: only by scope read", async () => {
    expect(await whoGetsIn(services.api, `GET ${BASE}/{service}/{instance}`)).toEqual(["read", "admin"]);
  });
});

describe(`POST ${BASE}/{service}/{instance}/drain`, () => {
  it("happy: nothing new goes to it once it is answered as complete, and it says who did it and why", async () => {
    expect(await services.originsOf("shop.localhost")).toEqual(["eu1", "eu2"]);
    const { status, body } = await operate("POST", `${BASE}/shop/eu1/drain`, { reason: "new kernel" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ complete: true, effectiveWithinMs: 0 });
    expect(body.overrides).toMatchObject([
      { key: "administrative/eu1", value: "draining", author: "token:operate", reason: "new kernel", expiresAt: null },
    ]);
    expect(await services.originsOf("shop.localhost")).toEqual(["eu2"]);
    expect(await instance("eu1")).toMatchObject({ state: "draining", available: false, reason: "draining" });
  });

  it("happy: ends by itself when its time is over, and the audit trail says so", async () => {
    await operate("POST", `${BASE}/shop/eu1/drain`, { expiresInSeconds: 3 });
    expect(await services.originsOf("shop.localhost", 4)).toEqual(["eu2"]);
    await expect.poll(() => services.originsOf("shop.localhost", 4), { timeout: 10_000 }).toEqual(["eu1", "eu2"]);
    const trail = () => services.api.call("audit", "GET", "/api/v1/audit?action=override.expire");
    await expect
      .poll(async () => (await trail()).body, { timeout: 10_000 })
      .toMatchObject({ records: [{ actor: "fairlead", target: "administrative/eu1" }] });
  });

  it("happy: is made without waiting where that is asked for, in the query or in the body", async () => {
    for (const [query, body] of [
      ["?waitMs=0", {}],
      ["", { waitMs: 0 }],
      ["?waitMs=8000", { waitMs: 0 }],
    ] as const) {
      const { status, body: change } = await operate("POST", `${BASE}/shop/eu1/drain${query}`, body);
      expect(status).toBe(200);
      expect(change.effectiveWithinMs).toBeLessThan(40_000);
      expect(await instance("eu1")).toMatchObject({ state: "draining" });
    }
    expect((await operate("POST", `${BASE}/shop/eu1/drain`, { waitMs: "long" })).status).toBe(400);
  });

  it("happy: a repeated call with the same Idempotency-Key makes one change", async () => {
    const twice = () =>
      services.api.call<Change>("operate", "POST", `${BASE}/shop/eu1/drain`, {
        body: {},
        headers: { "Idempotency-Key": "drain-once" },
      });
    const first = await twice();
    const again = await twice();
    expect(again.body.revision).toBe(first.body.revision);
    expect(again.headers["idempotency-replayed"]).toBe("true");
  });

  it("error: the last origin of a service wants force", async () => {
    const refused = await operate<Problem>("POST", `${BASE}/blog/blog1/drain`);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ type: "https://fairlead.dev/problems/needs-force", services: ["blog"] });
    expect((await services.visit("blog.localhost")).status).toBe(200);
    expect((await operate("POST", `${BASE}/blog/blog1/drain`, { force: true })).status).toBe(200);
    expect((await services.visit("blog.localhost")).status).toBe(503);
  });

  it("error: names each wrong field, and an unknown one", async () => {
    const { status, body } = await operate<Problem>("POST", `${BASE}/shop/eu1/drain`, { expiresInSeconds: -1, why: 1 });
    expect(status).toBe(400);
    expect(new Set(body.errors!.map(({ pointer }) => pointer))).toEqual(new Set(["#/expiresInSeconds", "#/why"]));
    expect((await operate("POST", `${BASE}/shop/nobody/drain`)).status).toBe(404);
  });

  it("security: only by scope operate, and in the audit trail with its author", async () => {
    expect(await whoGetsIn(services.api, `POST ${BASE}/{service}/{instance}/drain`)).toEqual(["operate", "admin"]);
    await operate("POST", `${BASE}/shop/eu2/drain`, { reason: "looking" });
    const { body } = await services.api.call("audit", "GET", "/api/v1/audit?target=origin%2Feu2&limit=1");
    expect(body).toMatchObject({
      records: [
        {
          actor: "token:operate",
          action: "instance.drain",
          reason: "looking",
          before: { "administrative/eu2": null },
          after: { "administrative/eu2": { state: "draining" } },
        },
      ],
    });
  });
});

describe(`POST ${BASE}/{service}/{instance}/disable`, () => {
  it("happy: takes an origin out", async () => {
    expect((await operate("POST", `${BASE}/shop/eu1/disable`)).body.complete).toBe(true);
    expect(await services.originsOf("shop.localhost")).toEqual(["eu2"]);
    expect(await instance("eu1")).toMatchObject({ state: "disabled" });
  });

  it("error: the last origin of a service wants force", async () => {
    await operate("POST", `${BASE}/shop/eu1/disable`);
    await operate("POST", `${BASE}/shop/eu2/drain`);
    expect((await operate("POST", `${BASE}/shop/us1/disable`)).status).toBe(409);
  });

  it("security: only by scope operate", async () => {
    expect(await whoGetsIn(services.api, `POST ${BASE}/{service}/{instance}/disable`)).toEqual(["operate", "admin"]);
  });
});

describe(`POST ${BASE}/{service}/{instance}/enable`, () => {
  it("happy: puts an origin back, also one that is in", async () => {
    await operate("POST", `${BASE}/shop/eu1/disable`);
    expect((await operate("POST", `${BASE}/shop/eu1/enable`, { reason: "done" })).body.complete).toBe(true);
    expect(await services.originsOf("shop.localhost")).toEqual(["eu1", "eu2"]);
    const { status, body } = await operate("POST", `${BASE}/shop/eu1/enable`);
    expect(status).toBe(200);
    expect(body.overrides).toEqual([]);
  });

  it("error: knows no other instance", async () => {
    expect((await operate("POST", `${BASE}/shop/nobody/enable`)).status).toBe(404);
  });

  it("security: only by scope operate", async () => {
    expect(await whoGetsIn(services.api, `POST ${BASE}/{service}/{instance}/enable`)).toEqual(["operate", "admin"]);
  });
});

describe(`PUT ${BASE}/{service}/{instance}/weight`, () => {
  it("happy: weighs an origin from the next request on", async () => {
    expect((await operate("PUT", `${BASE}/shop/eu1/weight`, { weight: 0 })).body.complete).toBe(true);
    expect(await services.originsOf("shop.localhost")).toEqual(["eu2"]);
    expect(await instance("eu1")).toMatchObject({ weight: 0, configuredWeight: 1 });
  });

  it("error: a weight is a number, 0 or more", async () => {
    for (const weight of [-1, "2", null]) {
      const { status, body } = await operate<Problem>("PUT", `${BASE}/shop/eu1/weight`, { weight });
      expect(status).toBe(400);
      expect(body.errors).toMatchObject([{ pointer: "#/weight" }]);
    }
  });

  it("security: only by scope operate", async () => {
    expect(await whoGetsIn(services.api, `PUT ${BASE}/{service}/{instance}/weight`)).toEqual(["operate", "admin"]);
  });
});

describe("POST /api/v1/loadbalancer/simulate-failure", () => {
  const PATH = "/api/v1/loadbalancer/simulate-failure";

  it("happy: an origin counts as down everywhere, until the time is over", async () => {
    expect((await operate("POST", PATH, { origin: "eu1", seconds: 3 })).body.complete).toBe(true);
    expect(await services.originsOf("shop.localhost", 4)).toEqual(["eu2"]);
    expect(await instance("eu1")).toMatchObject({ state: "simulated failure", breaker: "closed" });
    await expect.poll(() => services.originsOf("shop.localhost", 4), { timeout: 10_000 }).toEqual(["eu1", "eu2"]);
  });

  it("error: unknown origins, times without end, and a service left without origins", async () => {
    expect((await operate("POST", PATH, { origin: "nobody", seconds: 5 })).status).toBe(404);
    expect((await operate("POST", PATH, { origin: "eu1", seconds: 1e9 })).status).toBe(400);
    expect((await operate("POST", PATH, { origin: "eu1" })).status).toBe(400);
    expect((await operate("POST", PATH, { origin: "blog1", seconds: 5 })).status).toBe(409);
  });

  it("security: only by scope operate", async () => {
    expect(await whoGetsIn(services.api, `POST ${PATH}`)).toEqual(["operate", "admin"]);
  });
});
