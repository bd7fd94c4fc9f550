import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../../demo/client.ts";
import { startApi, until, whoGetsIn, type RunningApi } from "../../support/api.ts";
import { startOrigin, type Origin } from "../../support/place-origins.ts";

const PATH = "/api/v1/loadbalancer/recovery";

interface Out {
  readonly origin: string;
  readonly scope: string;
  readonly phase: string;
  readonly since: string | null;
  readonly nextTrial: string | null;
  readonly share: number;
}
interface Recovery {
  readonly services: readonly {
    readonly service: string;
    readonly serving: readonly { readonly region: string; readonly by: string; readonly failovers: number }[];
    readonly backupAttempts: number;
    readonly out: readonly Out[];
  }[];
  readonly failovers: readonly { readonly from: string; readonly to: string; readonly reason: string }[];
}

let origins: Origin[];
let api: RunningApi;

beforeAll(async () => {
  origins = [await startOrigin(), await startOrigin()];
  const pool = (id: string, port: number) => ({
    region: "weur" as const,
    origins: [{ id, url: `http://127.0.0.1:${port}` }],
  });
  api = await startApi({
    regions: ["weur"],
    services: {
      shop: {
        hosts: ["shop.localhost"],
        pools: { main: pool("primary", origins[0]!.port), dr: pool("standby", origins[1]!.port) },
        failover: { backups: ["dr"] },
        breaker: { openSeconds: 600, maxOpenSeconds: 600 },
        monitor: { mode: "passive" },
        debugHeaders: true,
      },
      blog: { hosts: ["blog.localhost"], pools: { only: pool("blog1", origins[0]!.port) } },
    },
  });
});
afterAll(() => Promise.all([api.stop(), ...origins.map((origin) => origin.stop())]));

const servedBy = async () =>
  (await send({ port: api.workerd.port, host: "shop.localhost" })).headers["fairlead-origin"];
const recovery = async () => (await api.call<Recovery>("read", "GET", PATH)).body;
const shop = async () => (await recovery()).services.find(({ service }) => service === "shop")!;
const open = (origin: string) =>
  api.call("operate", "POST", `/api/v1/circuit-breakers/${origin}/open`, {
    body: { seconds: 600, reason: "bad deploy" },
  });
const force = (path: string, body: object = {}) =>
  api.call<{ was: Out[]; out: Out[]; hubs: { told: string[] } }>("operate", "POST", `${PATH}/${path}/force`, { body });

describe(`GET ${PATH}`, () => {
  it("happy: says who is out until when, who stands in, how often, and why", async () => {
    expect(await servedBy()).toBe("primary");
    const before = await shop();
    expect(before.out).toEqual([]);
    expect(before.serving).toEqual([{ region: "weur", by: "primaries", since: null, failovers: 0 }]);

    await open("primary");
    await until(async () => (await servedBy()) === "standby");
    const { out, serving } = await shop();
    expect(out).toEqual([
      expect.objectContaining({
        origin: "primary",
        scope: "world",
        phase: "open",
        share: 0,
        reason: "token:operate: bad deploy",
      }),
    ]);
    expect(Date.parse(out[0]!.nextTrial!) - Date.parse(out[0]!.since!)).toBe(600_000);
    expect(serving).toEqual([{ region: "weur", by: "dr", since: expect.any(String) as string, failovers: 1 }]);
    expect((await recovery()).failovers).toEqual([
      expect.objectContaining({
        region: "weur",
        service: "shop",
        from: "primaries",
        to: "dr",
        reason: "primary breaker open",
      }),
    ]);
    await until(async () => (await shop()).backupAttempts > 0);
  });
  it("error: there is no other method", async () => {
    expect((await api.call("admin", "PUT", PATH)).status).toBe(405);
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, `GET ${PATH}`)).toEqual(["read", "admin"]);
  });
});

describe(`POST ${PATH}/{service}/{instance}/force`, () => {
  it("happy: puts an origin back at once, without a ramp, and it is written down", async () => {
    const url = encodeURIComponent(`http://127.0.0.1:${origins[0]!.port}`);
    const { status, body } = await force("shop/primary", { reason: "the disk is back" });
    expect(status).toBe(200);
    expect(body.was).toEqual([expect.objectContaining({ origin: "primary", phase: "open" })]);
    expect(body).toMatchObject({ service: "shop", origin: "primary", out: [], hubs: { told: ["weur"], away: [] } });
    await until(async () => (await servedBy()) === "primary");
    expect(await shop()).toMatchObject({ out: [], serving: [{ by: "primaries", failovers: 2 }] });
    expect((await recovery()).failovers[0]).toMatchObject({
      from: "dr",
      to: "primaries",
      reason: "available: primary",
    });
    const audit = await api.call<{ records: unknown[] }>("audit", "GET", "/api/v1/audit?action=recovery.force");
    expect(audit.body.records).toEqual([
      expect.objectContaining({ actor: "token:operate", target: "origin/primary", reason: "the disk is back" }),
    ]);
    // Nothing is wrong with this one, which is found by its URL; another service's origin has the same.
    expect((await force(`blog/${url}`)).body).toMatchObject({ origin: "blog1", was: [], out: [] });
  });
  it("error: knows the service and the origin, and takes no other fields", async () => {
    expect((await force("shop/nobody")).status).toBe(404);
    expect((await force("shop/blog1")).status).toBe(404);
    expect((await force("nobody/primary")).status).toBe(404);
    const wrong = await force("shop/primary", { ramp: false });
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ pointer: "#/ramp" }] } });
  });
  it("security: is for operators", async () => {
    expect(await whoGetsIn(api, `POST ${PATH}/{service}/{instance}/force`)).toEqual(["operate", "admin"]);
  });
});
