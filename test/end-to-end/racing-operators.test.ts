// Fifty changes at once, by operators who know nothing of each other: all are made, in one order, and written down.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ApiAnswer } from "../support/api.ts";
import { startApiServices, type ApiServices } from "../support/api-services.ts";

const INSTANCES = "/api/v1/loadbalancer/instances/shop";
const CONFIG = "/api/v1/loadbalancer/config";
const AT_ONCE = 50;

interface Changed {
  readonly revision?: number;
  readonly epoch?: number;
  readonly complete: boolean;
}

let services: ApiServices;
beforeAll(async () => {
  services = await startApiServices({ registration: { allow: ["https://*.origins.example.com"] } }, 2);
  await services.visit("shop.localhost");
});
afterAll(() => services?.stop());

const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, index) => index + from);
const ascending = (values: readonly (number | undefined)[]) => values.map(Number).toSorted((a, b) => a - b);
const latest = async () => (await services.api.call<{ revision: number; config: unknown }>("read", "GET", CONFIG)).body;

describe("fifty changes at once", () => {
  it("that name no revision are all made, each a revision and a record of its own", async () => {
    const { revision } = await latest();
    const change = (index: number): Promise<ApiAnswer<Changed>> => {
      const { call } = services.api;
      if (index % 5 === 0) return call("purge", "POST", "/api/v1/cache/purge", { body: { tags: [`t${index}`] } });
      if (index % 5 === 1) return call("operate", "PUT", `${INSTANCES}/eu1/weight`, { body: { weight: index } });
      if (index % 5 === 2) return call("operate", "POST", `${INSTANCES}/eu2/drain`, { body: { reason: `${index}` } });
      const url = `https://h${index}.origins.example.com`;
      return call("config", "POST", INSTANCES, { body: { url, pool: "us", weight: 0 } });
    };
    const answers = await Promise.all(numbers(AT_ONCE, 0).map(change));
    expect(answers.map(({ status }) => status)).toEqual(numbers(AT_ONCE).map(() => 200));
    expect(answers.every(({ body }) => body.complete)).toBe(true);
    const purges = answers.filter(({ body }) => body.epoch !== undefined);
    expect(ascending(purges.map(({ body }) => body.epoch))).toEqual(numbers(AT_ONCE / 5));
    // Who drains what is draining already makes nothing new.
    const drains = answers.filter((_, index) => index % 5 === 2);
    const others = answers.filter(({ body }, index) => body.revision !== undefined && index % 5 !== 2);
    const newest = (await latest()).revision;
    const made = [...others, ...drains].map(({ body }) => body.revision);
    expect([...new Set(ascending(made))]).toEqual(numbers(newest - revision, revision + 1));
    expect(new Set(others.map(({ body }) => body.revision)).size).toBe(others.length);
    const { records } = (
      await services.api.call<{ records: { id: number }[] }>("audit", "GET", "/api/v1/audit?limit=200")
    ).body;
    expect(ascending(records.map(({ id }) => id))).toEqual(numbers(purges.length + newest - revision));
  });

  it("that all went by one revision are one, and the others are told", async () => {
    // What the scope `read` is shown can be put: nothing in here is secret.
    const { revision, config } = await latest();
    const put = (index: number) =>
      services.api.call<Changed>("config", "PUT", CONFIG, {
        body: { config, reason: `${index}` },
        headers: { "If-Match": `"${revision}"` },
      });
    const answers = await Promise.all(numbers(AT_ONCE).map(put));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, ...numbers(AT_ONCE - 1).map(() => 412)]);
    expect((await latest()).revision).toBe(revision + 1);
  });
});
