import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../../demo/client.ts";
import { PLACES } from "../../../demo/places.ts";
import { startApi, until, whoGetsIn, type RunningApi } from "../../support/api.ts";
import { startOrigin, type Origin } from "../../support/place-origins.ts";

const REQUESTS = 20;

interface Latency {
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}
interface Instance {
  readonly instance: string;
  readonly requests: number;
  readonly successRatio: number | null;
  readonly averageMs: number | null;
}
interface Service {
  readonly service: string;
  readonly requests: number;
  readonly errors: number;
  readonly latency: Latency;
  readonly instances: readonly Instance[];
}
interface Stats extends Service {
  readonly regions: readonly { readonly region: string; readonly requests: number }[];
  readonly sinceSeconds: number;
  readonly hubs: { readonly answered: readonly string[]; readonly away: readonly string[] };
}

let origin: Origin;
let api: RunningApi;

/** Requests from two places, at two services, each with an isolate of its own; then their reports are waited for. */
beforeAll(async () => {
  origin = await startOrigin();
  const service = (name: string, url: string) => ({
    hosts: [`${name}.localhost`],
    pools: { only: { region: "weur" as const, origins: [{ id: `${name}-1`, url }] } },
    monitor: { mode: "passive" as const },
    retry: { attempts: 1 },
  });
  api = await startApi(
    {
      services: {
        shop: service("shop", `http://127.0.0.1:${origin.port}`),
        dead: service("dead", "http://127.0.0.1:9"),
        idle: service("idle", "http://127.0.0.1:9"),
      },
    },
    { edges: 2 },
  );
  const [frankfurt, newYork] = api.workerd.edgePorts;
  for (let index = 0; index < REQUESTS; index++) {
    await send({ port: frankfurt!, place: PLACES.frankfurt, host: "shop.localhost" });
    await send({ port: newYork!, place: PLACES.newYork, host: "shop.localhost" });
    if (index < 3) await send({ port: frankfurt!, place: PLACES.frankfurt, host: "dead.localhost" });
  }
  await until(async () => (await stats("shop")).requests === 2 * REQUESTS);
});
afterAll(() => Promise.all([api.stop(), origin.stop()]));

const get = async <Body>(path: string) => (await api.call<Body>("read", "GET", `/api/v1/${path}`)).body;
const stats = (service: string) => get<Stats>(`loadbalancer/stats/${service}`);

describe("GET /api/v1/loadbalancer/stats", () => {
  it("happy: has every service, those without traffic too", async () => {
    const { services, hubs } = await get<{ services: Service[]; hubs: Stats["hubs"] }>("loadbalancer/stats");
    expect(services.map(({ service, requests, errors }) => ({ service, requests, errors }))).toEqual([
      { service: "shop", requests: 2 * REQUESTS, errors: 0 },
      { service: "dead", requests: 3, errors: 3 },
      { service: "idle", requests: 0, errors: 0 },
    ]);
    expect(services[2]!.latency.p50Ms).toBeNull();
    expect(hubs.away).toEqual([]);
  });
  it("error: there is no other method", async () => {
    expect((await api.call("admin", "PUT", "/api/v1/loadbalancer/stats")).status).toBe(405);
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, "GET /api/v1/loadbalancer/stats")).toEqual(["read", "admin"]);
  });
});

describe("GET /api/v1/loadbalancer/stats/{service}", () => {
  it("happy: has the origin, both regions, and times that make sense", async () => {
    const body = await stats("shop");
    expect(body.instances).toHaveLength(1);
    expect(body.instances[0]).toMatchObject({ instance: "shop-1", requests: 2 * REQUESTS, successRatio: 1 });
    expect(body.instances[0]!.averageMs).toBeGreaterThanOrEqual(0);
    expect(new Map(body.regions.map(({ region, requests }) => [region, requests]))).toEqual(
      new Map([
        ["weur", REQUESTS],
        ["enam", REQUESTS],
      ]),
    );
    expect(body.latency.p50Ms).toBeLessThanOrEqual(body.latency.p99Ms!);
    expect(body.sinceSeconds).toBeGreaterThan(0);
  });
  it("error: says that there is no such service", async () => {
    const answer = await api.call("read", "GET", "/api/v1/loadbalancer/stats/nobody");
    expect(answer).toMatchObject({ status: 404, body: { detail: "There is no service `nobody`." } });
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, "GET /api/v1/loadbalancer/stats/{service}")).toEqual(["read", "admin"]);
  });
});

describe("GET /api/v1/loadbalancer/performance", () => {
  const PATH = "/api/v1/loadbalancer/performance";

  it("happy: has the minutes of the window, and who answered", async () => {
    const body = await get<{
      windowMinutes: number;
      services: (Service & { minutes: { at: string; requests: number }[] })[];
    }>("loadbalancer/performance?window=5m&service=shop");
    expect(body.windowMinutes).toBe(5);
    expect(body.services.map(({ service }) => service)).toEqual(["shop"]);
    const [shop] = body.services;
    expect(shop!.minutes.reduce((sum, { requests }) => sum + requests, 0)).toBe(2 * REQUESTS);
    expect(Date.now() - Date.parse(shop!.minutes.at(-1)!.at)).toBeLessThan(180_000);
    expect(shop!.instances).toEqual([expect.objectContaining({ instance: "shop-1", requests: 2 * REQUESTS })]);
    const all = await get<{ windowMinutes: number; services: Service[] }>("loadbalancer/performance");
    expect(all).toMatchObject({ windowMinutes: 60 });
    expect(all.services.find(({ service }) => service === "dead")).toMatchObject({ requests: 3, errors: 3 });
  });
  it("error: refuses a window it has no roll-ups for, and a service that is not there", async () => {
    for (const window of ["2h", "0m", "61m", "x"]) {
      const answer = await api.call("read", "GET", `${PATH}?window=${window}`);
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ parameter: "window" }] } });
    }
    expect((await api.call("read", "GET", `${PATH}?service=nobody`)).status).toBe(404);
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, `GET ${PATH}`)).toEqual(["read", "admin"]);
  });
});

describe("GET /api/v1/retry", () => {
  it("happy: has what is configured and what was made of it", async () => {
    const { services } = await get<{ services: Record<string, unknown>[] }>("retry");
    expect(services.find(({ service }) => service === "dead")).toMatchObject({
      attempts: 1,
      hedge: null,
      made: { requests: 3, attempts: 3, retries: 0, retryRatio: 0, failovers: 0 },
      recent: { weur: 0 },
    });
    expect(services.find(({ service }) => service === "idle")).toMatchObject({
      made: { retryRatio: null },
      recent: {},
    });
  });
  it("error: there is no other method", async () => {
    expect((await api.call("admin", "PUT", "/api/v1/retry")).status).toBe(405);
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, "GET /api/v1/retry")).toEqual(["read", "admin"]);
  });
});

describe("GET /api/v1/loadbalancer/health", () => {
  it("happy: has each region's word on each origin, and what it measured", async () => {
    const body = await get<{
      services: { service: string; origins: { regions: Record<string, { latencyMs: number | null }> }[] }[];
    }>("loadbalancer/health");
    const shop = body.services.find(({ service }) => service === "shop");
    expect(shop).toMatchObject({ status: "healthy", origins: [{ origin: "shop-1", pool: "only", status: "healthy" }] });
    const { weur, apac } = shop!.origins[0]!.regions;
    expect(weur).toMatchObject({ usable: true, breaker: "closed", healthy: true, admission: 1 });
    expect(weur!.latencyMs).toBeGreaterThanOrEqual(0);
    expect(apac!.latencyMs).toBeNull();
  });
  it("error: there is no other method", async () => {
    expect((await api.call("admin", "PUT", "/api/v1/loadbalancer/health")).status).toBe(405);
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, "GET /api/v1/loadbalancer/health")).toEqual(["read", "admin"]);
  });
});
