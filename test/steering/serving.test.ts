import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/define.ts";
import type { Refusal } from "../../src/steering/origin-state.ts";
import { servedBy, whyServedBy } from "../../src/steering/serving.ts";

const origin = (id: string, weight = 1) => ({ id, weight, url: `https://${id}.example.com` });

const service = (over: object = {}) =>
  defineConfig({
    services: {
      shop: {
        hosts: ["shop.example.com"],
        pools: {
          eu: { region: "weur", origins: [origin("eu1"), origin("eu2")] },
          us: { region: "enam", origins: [origin("us1"), origin("spare", 0)] },
          dr: { region: "oc", origins: [origin("dr1"), origin("dr2")] },
        },
        failover: { backups: ["us1", "dr"] },
        ...over,
      },
    },
  }).services["shop"]!;

const configured = new Map([["spare", 0]]);
const known = (out: Record<string, Refusal>) => (id: string) => ({
  refusal: out[id] ?? null,
  weight: configured.get(id) ?? 1,
});
const euOut = { eu1: "breaker open", eu2: "unhealthy" } as const;
const allOut = { ...euOut, us1: "draining", dr1: "half-open", dr2: "half-open", spare: "disabled" } as const;

describe("who serves", () => {
  it.each([
    ["its primaries while one of them may", { eu1: "breaker open" }, "primaries"],
    ["the first backup when none may", euOut, "us1"],
    ["the next when that one is out", { ...euOut, us1: "draining" }, "dr"],
    ["a primary of weight 0 when no backup is left", { ...allOut, spare: undefined }, "primaries"],
    ["whoever there is when nobody is well", allOut, "panic"],
  ])("is %s", (_who, out, by) => {
    expect(servedBy(service(), known(out as Record<string, Refusal>))).toBe(by);
  });

  it("is nobody where that is configured", () => {
    expect(servedBy(service({ ejection: { panic: "fail-closed" } }), known(allOut))).toBe("nobody");
  });

  it("is who would be ejected, were there not too many already: the one nearest to coming back", () => {
    const half = { eu1: "breaker open", eu2: "half-open" } as const;
    expect(servedBy(service({ ejection: { maxEjected: 1 } }), known(half))).toBe("primaries");
    expect(servedBy(service({ ejection: { maxEjected: 2 } }), known(half))).toBe("us1");
  });
});

describe("the reason", () => {
  it("names who is out, and why", () => {
    expect(whyServedBy(service(), known(euOut), "primaries", "us1")).toBe("eu1 breaker open, eu2 unhealthy");
    expect(whyServedBy(service(), known(allOut), "primaries", "panic")).toBe(
      "eu1 breaker open, eu2 unhealthy, us1 draining and 3 more",
    );
  });

  it("names who is back", () => {
    expect(whyServedBy(service(), known({ eu1: "breaker open" }), "us1", "primaries")).toBe("available: eu2");
    expect(whyServedBy(service(), known(euOut), "panic", "us1")).toBe("available: us1");
  });
});
