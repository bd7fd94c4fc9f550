import { describe, expect, it } from "vitest";
import type { Target } from "../../src/proxy/plan.ts";
import { headersFor } from "../../src/proxy/request.ts";

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
