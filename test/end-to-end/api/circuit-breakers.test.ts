import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../../demo/client.ts";
import { startApi, until, whoGetsIn, type RunningApi } from "../../support/api.ts";
import { startOrigin, type Origin } from "../../support/place-origins.ts";

const PATH = "/api/v1/circuit-breakers";

interface Told {
  readonly breaker: string;
  readonly admission: number;
}
interface Inspection {
  readonly world: { readonly breaker: string; readonly reason: string; readonly until: string | null };
  readonly told: Readonly<Record<string, Told>>;
  readonly hubs: { readonly told: readonly string[]; readonly away: readonly string[] };
}

let origins: Origin[];
let api: RunningApi;

beforeAll(async () => {
  origins = [await startOrigin(), await startOrigin()];
  const pool = (id: string, port: number, priority: number) => ({
    region: "weur" as const,
    priority,
    origins: [{ id, url: `http://127.0.0.1:${port}` }],
  });
  api = await startApi({
    services: {
      shop: {
        hosts: ["shop.localhost"],
        pools: { first: pool("first", origins[0]!.port, 0), second: pool("second", origins[1]!.port, 1) },
        steering: { policy: "failover" },
        monitor: { mode: "passive" },
        debugHeaders: true,
      },
      lone: { hosts: ["lone.localhost"], pools: { only: pool("lone", origins[0]!.port, 0) } },
    },
  });
});
afterAll(() => Promise.all([api.stop(), ...origins.map((origin) => origin.stop())]));

const tell = (origin: string, order: string, body: object = {}) =>
  api.call<Inspection>("operate", "POST", `${PATH}/${origin}/${order}`, { body });
const servedBy = async () =>
  (await send({ port: api.workerd.port, host: "shop.localhost" })).headers["fairlead-origin"];

describe(`GET ${PATH}`, () => {
  it("happy: has every origin with what each region's hub says, page by page", async () => {
    const first = await api.call<{ breakers: unknown[]; next: string }>("read", "GET", `${PATH}?limit=2`);
    expect(first.body.breakers).toEqual([
      expect.objectContaining({ origin: "first", service: "shop", breaker: "closed" }),
      expect.objectContaining({ origin: "second", service: "shop", breaker: "closed" }),
    ]);
    const rest = await api.call("read", "GET", `${PATH}?limit=2&cursor=${first.body.next}`);
    expect(rest.body).toMatchObject({
      breakers: [{ origin: "lone", service: "lone" }],
      next: null,
      hubs: { away: [] },
    });
  });
  it("error: refuses a cursor that no page has given", async () => {
    const answer = await api.call("read", "GET", `${PATH}?cursor=x&limit=0`);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ parameter: "limit" }] } });
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, `GET ${PATH}`)).toEqual(["read", "admin"]);
  });
});

describe(`POST ${PATH}/{origin}/open`, () => {
  it("happy: takes the origin out everywhere and tries it afterwards; requests go elsewhere at once", async () => {
    expect(await servedBy()).toBe("first");
    const { status, body } = await tell("first", "open", { reason: "bad deploy", seconds: 600 });
    expect(status).toBe(200);
    expect(body.world).toMatchObject({ breaker: "open", reason: "token:operate: bad deploy" });
    expect(body.hubs.away).toEqual([]);
    await until(async () => (await servedBy()) === "second");
    const audit = await api.call<{ records: unknown[] }>("audit", "GET", "/api/v1/audit?action=breaker.open");
    expect(audit.body.records).toEqual([
      expect.objectContaining({
        actor: "token:operate",
        target: "origin/first",
        reason: "bad deploy",
        outcome: "done",
      }),
    ]);
  });
  it("error: refuses to take the last origin without `force`, unknown fields, and unknown origins", async () => {
    expect((await tell("lone", "open")).status).toBe(409);
    expect((await tell("lone", "open", { force: true, seconds: 1 })).status).toBe(200);
    expect((await tell("nobody", "open")).status).toBe(404);
    const wrong = await tell("first", "open", { seconds: -1, minutes: 2 });
    expect(wrong).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: "#/seconds" }, { pointer: "#/minutes" }] },
    });
  });
  it("security: is for operators", async () => {
    expect(await whoGetsIn(api, `POST ${PATH}/{origin}/open`)).toEqual(["operate", "admin"]);
  });
});

describe(`GET ${PATH}/{origin}`, () => {
  it("happy: says what the breaker knows, by id and by URL", async () => {
    const byId = await api.call<Inspection>("read", "GET", `${PATH}/first`);
    expect(byId.body.world.breaker).toBe("open");
    expect(Object.values(byId.body.told).map(({ breaker }) => breaker)).toEqual(["open", "open", "open", "open"]);
    const url = encodeURIComponent(`http://127.0.0.1:${origins[1]!.port}`);
    expect((await api.call("read", "GET", `${PATH}/${url}`)).body).toMatchObject({ origin: "second" });
  });
  it("error: says that there is no such origin", async () => {
    const answer = await api.call("read", "GET", `${PATH}/nobody`);
    expect(answer).toMatchObject({ status: 404, body: { detail: "There is no origin `nobody`." } });
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, `GET ${PATH}/{origin}`)).toEqual(["read", "admin"]);
  });
});

describe(`POST ${PATH}/{origin}/close`, () => {
  it("happy: takes the origin back onto its ramp", async () => {
    const { body } = await tell("first", "close", { reason: "it is well" });
    expect(body.world).toMatchObject({ breaker: "closed", reason: "token:operate: it is well" });
    expect(body.told["weur"]!.admission).toBe(0.1);
  });
  it("error: refuses unknown fields and unknown origins", async () => {
    expect((await tell("first", "close", { seconds: 1 })).status).toBe(400);
    expect((await tell("nobody", "close")).status).toBe(404);
  });
  it("security: is for operators", async () => {
    expect(await whoGetsIn(api, `POST ${PATH}/{origin}/close`)).toEqual(["operate", "admin"]);
  });
});

describe(`POST ${PATH}/{origin}/reset`, () => {
  it("happy: takes the origin back at once", async () => {
    const { body } = await tell("first", "reset");
    expect(body.told["weur"]).toMatchObject({ breaker: "closed", admission: 1 });
    await until(async () => (await servedBy()) === "first");
  });
  it("error: refuses unknown fields and unknown origins", async () => {
    expect((await tell("first", "reset", { now: true })).status).toBe(400);
    expect((await tell("nobody", "reset")).status).toBe(404);
  });
  it("security: is for operators", async () => {
    expect(await whoGetsIn(api, `POST ${PATH}/{origin}/reset`)).toEqual(["operate", "admin"]);
  });
});

describe(`GET ${PATH}/{origin}/history`, () => {
  it("happy: has what was done, the newest first", async () => {
    const { body } = await api.call<{ transitions: { to: string; reason: string }[] }>(
      "read",
      "GET",
      `${PATH}/first/history`,
    );
    expect(body.transitions.map(({ to, reason }) => [to, reason])).toEqual([
      ["closed", "token:operate: it is well"],
      ["open", "token:operate: bad deploy"],
    ]);
  });
  it("error: says that there is no such origin", async () => {
    expect((await api.call("read", "GET", `${PATH}/nobody/history`)).status).toBe(404);
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, `GET ${PATH}/{origin}/history`)).toEqual(["read", "admin"]);
  });
});
