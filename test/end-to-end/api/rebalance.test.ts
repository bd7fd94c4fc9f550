import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../../demo/client.ts";
import { startApi, until, whoGetsIn, type RunningApi } from "../../support/api.ts";
import { startOrigin, type Origin } from "../../support/place-origins.ts";

const PATH = "/api/v1/loadbalancer/rebalance";
/** Long enough that a loaded machine answers within a step. */
const STEP_MS = 6_000;

interface Move {
  readonly origin: string;
  readonly to: string | number;
  readonly waits: boolean;
  readonly progress: number;
}
interface Status {
  readonly service: string;
  readonly strategy: string;
  readonly changes: readonly Move[];
  readonly events: readonly { readonly origin: string; readonly takes: string; readonly revision: number }[];
  readonly next: string | null;
}

let origin: Origin;
let api: RunningApi;

beforeAll(async () => {
  origin = await startOrigin();
  const url = `http://127.0.0.1:${origin.port}`;
  const service = (name: string, rebalance: object) => ({
    hosts: [`${name}.localhost`],
    pools: {
      eu: { region: "weur" as const, origins: ["1", "2", "3"].map((nth) => ({ id: `${name}${nth}`, url, weight: 4 })) },
    },
    monitor: { mode: "passive" as const },
    debugHeaders: true,
    rebalance,
  });
  api = await startApi({
    regions: ["weur"],
    registration: { allow: [url] },
    services: {
      steps: service("steps", { strategy: "gradual", stepPercent: 50, stepSeconds: STEP_MS / 1000 }),
      waits: service("waits", { strategy: "manual", stepPercent: 50, stepSeconds: STEP_MS / 1000 }),
      plain: service("plain", {}),
    },
  });
});
afterAll(() => Promise.all([api.stop(), origin.stop()]));

const status = async (service: string) => (await api.call<Status>("read", "GET", `${PATH}/${service}`)).body;
const change = (id: string, verb: string, body: object = {}, service = id.slice(0, -1)) => {
  const path = `/api/v1/loadbalancer/instances/${service}/${id}/${verb}`;
  return api.call("operate", verb === "weight" ? "PUT" : "POST", path, { body });
};
const release = (service: string, body: object = {}) => api.call("operate", "POST", `${PATH}/${service}`, { body });

/** Who answers twelve requests to a service. */
async function servers(service: string): Promise<string[]> {
  const seen = new Set<string>();
  for (let nth = 0; nth < 12; nth++)
    seen.add(String((await send({ port: api.workerd.port, host: `${service}.localhost` })).headers["fairlead-origin"]));
  return [...seen].toSorted();
}

describe(`GET ${PATH}/{service}`, () => {
  it("happy: a drain loses its traffic in steps, by the clock, and is over when it has none", async () => {
    expect(await servers("steps")).toEqual(["steps1", "steps2", "steps3"]);
    expect((await change("steps1", "drain", { reason: "new kernel" })).body).toMatchObject({ complete: true });
    const begun = await status("steps");
    expect(begun).toMatchObject({
      service: "steps",
      strategy: "gradual",
      stepPercent: 50,
      stepSeconds: STEP_MS / 1000,
    });
    expect(begun.changes).toEqual([
      expect.objectContaining({ origin: "steps1", kind: "state", to: "draining", waits: false, progress: 0.5 }),
    ]);
    const instance = "/api/v1/loadbalancer/instances/steps/steps1";
    expect((await api.call("read", "GET", instance)).body).toMatchObject({ state: "enabled", admission: 0.5 });
    await until(async () => (await status("steps")).changes.length === 0);
    expect(await servers("steps")).toEqual(["steps2", "steps3"]);
    expect((await status("steps")).events).toEqual([
      expect.objectContaining({
        origin: "steps1",
        from: "configured",
        to: "draining",
        takes: "steps",
        reason: "new kernel",
      }),
    ]);
  });
  it("happy: what is enabled comes back in steps, and a weight moves in steps", async () => {
    await change("steps1", "enable");
    await change("steps2", "weight", { weight: 8 });
    const { changes } = await status("steps");
    expect(changes.map(({ origin: id, to, progress }) => [id, to, progress])).toEqual([
      ["steps1", "enabled", 0.5],
      ["steps2", 8, 0.5],
    ]);
    const weight = async () =>
      (await api.call<{ weight: number }>("read", "GET", "/api/v1/loadbalancer/instances/steps/steps2")).body.weight;
    expect(await weight()).toBe(6);
    await until(async () => (await weight()) === 8);
    await until(async () => (await servers("steps")).includes("steps1"));
  });
  it("happy: disabling is at once under every strategy, and so is everything without one", async () => {
    await change("waits3", "disable");
    await change("plain1", "drain");
    expect((await status("waits")).changes).toEqual([]);
    expect((await status("plain")).changes).toEqual([]);
    expect(await servers("waits")).toEqual(["waits1", "waits2"]);
    expect(await servers("plain")).toEqual(["plain2", "plain3"]);
  });
  it("error: knows its services and its cursors", async () => {
    expect((await api.call("read", "GET", `${PATH}/nobody`)).status).toBe(404);
    expect((await api.call("read", "GET", `${PATH}/steps?cursor=x`)).status).toBe(400);
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, `GET ${PATH}/{service}`)).toEqual(["read", "admin"]);
  });
});

describe(`POST ${PATH}/{service}`, () => {
  it("happy: changes wait until they are released, then take effect together", async () => {
    expect((await change("waits1", "drain")).status).toBe(200);
    expect(await servers("waits")).toEqual(["waits1", "waits2"]);
    expect((await status("waits")).changes).toEqual([
      expect.objectContaining({ origin: "waits1", waits: true, progress: 0, nextStep: null }),
    ]);
    const { status: code, body } = await release("waits", { reason: "quiet hours" });
    expect({ code, body }).toMatchObject({ code: 200, body: { complete: true, overrides: [{ value: "draining" }] } });
    expect(await servers("waits")).toEqual(["waits2"]);
    const audit = await api.call<{ records: unknown[] }>("audit", "GET", "/api/v1/audit?action=rebalance.release");
    expect(audit.body.records).toEqual([
      expect.objectContaining({ actor: "token:operate", target: "service/waits", reason: "quiet hours" }),
    ]);
  });
  it("happy: or in steps", async () => {
    await change("waits3", "enable");
    expect(await servers("waits")).toEqual(["waits2"]);
    await release("waits", { strategy: "gradual" });
    const { changes, events } = await status("waits");
    expect(changes).toEqual([
      expect.objectContaining({ origin: "waits3", to: "enabled", waits: false, progress: 0.5 }),
    ]);
    expect(events[0]).toMatchObject({ origin: "waits3", takes: "steps" });
    expect(events[1]).toMatchObject({ origin: "waits3", takes: "effect when released" });
  });
  it("happy: an origin that registers waits to be taken in", async () => {
    const body = { id: "joins", url: `http://127.0.0.1:${origin.port}`, pool: "eu" };
    const joined = await api.call("config", "POST", "/api/v1/loadbalancer/instances/waits", { body });
    expect(joined.body).toMatchObject({ complete: true, instances: ["joins"] });
    const instance = async () => (await api.call("read", "GET", "/api/v1/loadbalancer/instances/waits/joins")).body;
    expect(await instance()).toMatchObject({ state: "waiting", available: false });
    await release("waits");
    await until(async () => (await servers("waits")).includes("joins"));
    expect(await instance()).toMatchObject({ state: "enabled", available: true });
  });
  it("error: refuses when nothing waits, unknown services and fields, and to leave nobody without `force`", async () => {
    expect((await release("plain")).status).toBe(409);
    expect((await release("nobody")).status).toBe(404);
    expect(await release("waits", { strategy: "manual", when: "now" })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: "#/strategy" }, { pointer: "#/when" }] },
    });
    await change("waits3", "disable");
    await change("joins", "disable", {}, "waits");
    // It would be the last: also a drain that only waits says so.
    expect((await change("waits2", "drain")).status).toBe(409);
  });
  it("security: is for operators", async () => {
    expect(await whoGetsIn(api, `POST ${PATH}/{service}`)).toEqual(["operate", "admin"]);
  });
});

describe(`GET ${PATH}`, () => {
  it("happy: has every service, and the events of all of them page by page", async () => {
    const { body } = await api.call<{ services: Status[]; events: Status["events"]; next: string }>(
      "read",
      "GET",
      `${PATH}?limit=2`,
    );
    expect(body.services.map(({ service, strategy }) => [service, strategy])).toEqual([
      ["steps", "gradual"],
      ["waits", "manual"],
      ["plain", "immediate"],
    ]);
    expect(body.events).toHaveLength(2);
    const rest = await api.call<Status>("read", "GET", `${PATH}?cursor=${body.next}`);
    expect(rest.body.events[0]!.revision).toBeLessThan(body.events[1]!.revision);
    expect(rest.body.next).toBeNull();
  });
  it("error: refuses a limit that is none", async () => {
    expect((await api.call("read", "GET", `${PATH}?limit=0`)).status).toBe(400);
  });
  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, `GET ${PATH}`)).toEqual(["read", "admin"]);
  });
});
