import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POLICIES } from "../../../src/steering/policy.ts";
import type { PolicyName } from "../../../src/config/steering.ts";
import { startApi, whoGetsIn, type RunningApi } from "../../support/api.ts";
import { startOrigin, type Origin } from "../../support/place-origins.ts";

const PATH = "/api/v1/loadbalancer/explain";
const NAMES = Object.keys(POLICIES) as PolicyName[];

interface Standing {
  readonly id: string;
  readonly score: number | null;
  readonly reason: string;
  readonly passedOver: string | null;
}
interface Explanation {
  readonly service: string;
  readonly region: string;
  readonly viewAgeMs: number | null;
  readonly policy: { readonly pools: string; readonly origins: string };
  readonly pools: readonly (Standing & { readonly origins: readonly Standing[] })[];
}

let origin: Origin;
let api: RunningApi;
let hits = 0;

/** One service a policy; every origin is the same process, which counts what reaches it. */
beforeAll(async () => {
  origin = await startOrigin(() => void hits++);
  const url = `http://127.0.0.1:${origin.port}`;
  const pool = (region: "weur" | "enam", id: string) => ({
    region,
    origins: [
      { id: `${id}-1`, url },
      { id: `${id}-2`, url, weight: 3 },
    ],
  });
  const service = (policy: PolicyName) => ({
    hosts: [`${policy}.localhost`],
    pools: { eu: pool("weur", `${policy}-eu`), us: pool("enam", `${policy}-us`) },
    monitor: { mode: "passive" as const },
    steering: {
      policy,
      ...(POLICIES[policy].levels.includes("origins") ? { within: policy } : {}),
      geo: { countries: { DE: ["eu"] }, default: ["us"] },
      hash: { key: "header:x-user" as const },
    },
  });
  api = await startApi({ services: Object.fromEntries(NAMES.map((policy) => [policy, service(policy)])) });
});
afterAll(() => Promise.all([api.stop(), origin.stop()]));

const explain = (body: unknown) => api.call<Explanation>("read", "POST", PATH, { body });
const BERLIN = { continent: "EU", country: "DE", latitude: "52.5", longitude: "13.4", colo: "TXL" };

describe(`POST ${PATH}`, () => {
  it("happy: names the service, the region, the view's age and the pools in order", async () => {
    const answer = await explain({ url: "http://geo.localhost/cart?x=1", method: "GET", headers: {}, cf: BERLIN });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ service: "geo", region: "weur", rule: null, filters: [], panicking: false });
    expect(answer.body.viewAgeMs).toBeGreaterThanOrEqual(0);
    expect(answer.body.pools.map(({ id }) => id)).toEqual(["eu", "us"]);
  });

  it("error: says that no service answers, and which fields are wrong", async () => {
    const nowhere = await explain({ url: "http://nobody.example/" });
    expect(nowhere).toMatchObject({ status: 404, body: { detail: "No service answers http://nobody.example/." } });
    const wrong = await explain({ url: "ftp://x", method: "get", headers: { "a b": "c" }, cf: { planet: "Mars" } });
    expect(wrong.status).toBe(400);
    const pointers = (wrong.body as unknown as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer);
    expect(pointers).toEqual(expect.arrayContaining(["#/url", "#/method", "#/cf/planet"]));
  });

  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, `POST ${PATH}`)).toEqual(["read", "admin"]);
  });
});

describe("an explanation", () => {
  it.each(NAMES)("of %s names every pool and origin, with a reason for each", async (policy) => {
    const { status, body } = await explain({
      url: `http://${policy}.localhost/`,
      headers: { "X-User": "ann" },
      cf: BERLIN,
    });
    expect({ status, service: body.service }).toEqual({ status: 200, service: policy });
    expect(body.policy.pools).toBe(policy);
    expect(body.pools.map(({ id }) => id).toSorted()).toEqual(["eu", "us"]);
    const standings = [...body.pools, ...body.pools.flatMap((pool) => pool.origins)];
    expect(standings).toHaveLength(6);
    for (const { reason, passedOver } of standings) {
      expect(reason).not.toBe("");
      expect(passedOver).toBeNull();
    }
  });

  it("contacts no origin", () => {
    expect(hits).toBe(0);
  });
});
