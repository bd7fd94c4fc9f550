import { describe, expect, it } from "vitest";
import type { Target } from "../../src/proxy/plan.ts";
import { headersFor } from "../../src/proxy/request.ts";
import { gatewayWith } from "../cache/gateway.workerd.ts";

const target = (...headers: Target["headers"]): Target => ({
  base: "https://o.test",
  headers,
  fetcher: { fetch: () => Promise.reject(new Error("nothing is sent")) },
});

describe("the fields of an attempt", () => {
  it("are the origin's own over the exchange's", () => {
    const shared = new Headers({ Accept: "*/*", Authorization: "Bearer client" });
    const own = headersFor(target({ name: "Authorization", value: "Bearer origin" }), shared);
    expect([...own]).toEqual([
      ["accept", "*/*"],
      ["authorization", "Bearer origin"],
    ]);
  });

  it("never carry what is one origin's secret to the next", () => {
    const shared = new Headers({ Accept: "*/*" });
    headersFor(target({ name: "X-Origin-Auth", value: "secret of the first" }), shared);
    expect([...headersFor(target(), shared)]).toEqual([["accept", "*/*"]]);
    expect([...headersFor(target({ name: "X-Other", value: "1" }), shared)].map(([name]) => name)).toEqual([
      "accept",
      "x-other",
    ]);
  });
});

describe("a request on its way through", () => {
  it("tells of an IPv6 client in quotes and brackets where RFC 7239 wants them, and nowhere else", async () => {
    const step = gatewayWith({ rules: [] }, () => new Response("ok"));
    await step.send("/x", { headers: { "CF-Connecting-IP": "2001:db8::1" } });
    await step.send("/x", { headers: { "CF-Connecting-IP": "192.0.2.1" } });
    await step.send("/x");
    const told = step.seen.map(({ headers }) => headers.get("Forwarded")!.split(";")[0]);
    expect(told).toEqual(['for="[2001:db8::1]"', "for=192.0.2.1", "for=unknown"]);
    expect(step.seen.map(({ headers }) => headers.get("X-Forwarded-For"))).toEqual(["2001:db8::1", "192.0.2.1", null]);
  });

  it("belongs to the region of the data centre that its ray names, once that and its facts were the same", async () => {
    const step = gatewayWith({ rules: [] }, () => new Response("ok"));
    const headers = { "CF-Ray": "8e1f5d2c4b3a6978-FRA" };
    const cf = { colo: "FRA", latitude: "50.1", longitude: "8.6" };
    for (const init of [{ headers }, { headers, cf }, { headers }, {}]) await step.send("/x", init);
    const regions = step.seen.map((request) => request.headers.get("Fairlead-Region"));
    expect(regions).toEqual(["enam", "weur", "weur", "enam"]);
  });

  it("counts Max-Forwards down where it has a meaning", async () => {
    const step = gatewayWith({ rules: [] }, () => new Response("ok"));
    for (const method of ["OPTIONS", "GET"]) await step.send("/x", { method, headers: { "Max-Forwards": "5" } });
    expect(step.seen.map(({ headers }) => headers.get("Max-Forwards"))).toEqual(["4", "5"]);
  });

  it("loses of its answer what was meant for this hop, and is dated", async () => {
    const fields = {
      "Proxy-Authentication-Info": "a",
      "Proxy-Authenticate": "b",
      Connection: "X-Hop",
      "X-Hop": "c",
      "X-End": "d",
    };
    const step = gatewayWith({ rules: [] }, () => new Response("ok", { headers: fields }));
    const { headers } = await step.send("/x");
    expect([...Object.keys(fields), "Date"].map((name) => name !== "Connection" && headers.has(name))).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
    ]);
  });
});
