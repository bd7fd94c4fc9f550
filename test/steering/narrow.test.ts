import { describe, expect, it } from "vitest";
import { nextCandidate } from "../../src/steering/candidates.ts";
import type { ServiceState } from "../../src/steering/availability.ts";
import { originSchema } from "../../src/config/origin.ts";
import { origin, pool, requestFrom, service, shares } from "./support.ts";

type About = Parameters<typeof requestFrom>[1];

const versioned = (id: string, version: string) =>
  origin(id, { config: originSchema.parse({ id, url: "http://127.0.0.1:1", version, labels: { tier: version } }) });
const first = (state: ServiceState, about: About = {}) =>
  nextCandidate(state, requestFrom("enam", about), [], 1_000_000)?.origin.id;
/** The share of 20,000 clients that each origin gets. */
function spread(state: ServiceState, ids: string[]): number[] {
  const counts = ids.map(() => 0);
  for (let client = 0; client < 20_000; client++) counts[ids.indexOf(first(state, { key: `client-${client}` })!)]!++;
  return shares(counts);
}
const twoPools = (over = {}) => [pool("a", [origin("a1")], over), pool("b", [origin("b1")])];

describe("rules", () => {
  const rules = [
    { match: { methods: ["POST"], paths: ["/admin/*"] }, then: { pools: ["b"] } },
    { match: { headers: { "X-Beta": "*" }, countries: ["DE"] }, then: { pools: ["b"] } },
    { match: { paths: ["/spread"] }, then: { policy: "random" } },
  ];
  const state = service(twoPools(), {}, { rules });

  it.each<[string, About, string]>([
    ["every part matches", { method: "POST", path: "/admin/x" }, "b1"],
    ["another method", { method: "GET", path: "/admin/x" }, "a1"],
    ["another path", { method: "POST", path: "/admins" }, "a1"],
    ["a field with any value and the country", { headers: { "X-Beta": "1" }, place: { country: "DE" } }, "b1"],
    ["the field, another country", { headers: { "X-Beta": "1" }, place: { country: "FR" } }, "a1"],
  ])("%s", (_, about, expected) => expect(first(state, about)).toBe(expected));

  it("can put another policy in place of the service's", () => {
    const picked = new Set(Array.from({ length: 50 }, () => first(state, { path: "/spread" })));
    expect(picked).toEqual(new Set(["a1", "b1"]));
  });

  it("are a fence: outside the rule's pools nothing is tried", () => {
    const pools = twoPools();
    pools[1]!.origins[0]!.healthy = false;
    expect(first(service(pools, {}, { rules }), { method: "POST", path: "/admin/x" })).toBeUndefined();
  });

  it("match a share of the clients, always the same ones", () => {
    const percent = service(twoPools(), {}, { rules: [{ match: { percent: 10 }, then: { pools: ["b"] } }] });
    expect(Math.abs(spread(percent, ["a1", "b1"])[1]! - 0.1)).toBeLessThan(0.015);
    const chosen = Array.from({ length: 200 }, (_, client) => first(percent, { key: `client-${client}` }));
    expect(Array.from({ length: 200 }, (_, client) => first(percent, { key: `client-${client}` }))).toEqual(chosen);
  });
});

const versions = () => [pool("a", [versioned("v1", "1"), versioned("v2", "2")])];
const canary = (percent: number) => service(versions(), {}, { filters: [{ version: "2", percent }] });

describe("filters", () => {
  it("send five percent of the clients to the canary, and growing it keeps those that were there", () => {
    expect(Math.abs(spread(canary(5), ["v1", "v2"])[1]! - 0.05)).toBeLessThan(0.015);
    const clients = Array.from({ length: 2000 }, (_, client) => ({ key: `client-${client}` }));
    const early = clients.filter((about) => first(canary(5), about) === "v2");
    const grown = canary(20);
    expect(early.every((about) => first(grown, about) === "v2")).toBe(true);
  });

  it("let the others stand in when the canary is down", () => {
    const state = service(versions(), {}, { filters: [{ version: "2", percent: 100 }] });
    expect(first(state)).toBe("v2");
    state.pools[0]!.origins[1]!.breaker = "open";
    state.validUntilMs = 0;
    expect(first(state)).toBe("v1");
  });

  it("without a percentage are a fence", () => {
    const state = service(versions(), {}, { filters: [{ labels: { tier: "2" } }] });
    expect(first(state)).toBe("v2");
    state.pools[0]!.origins[1]!.healthy = false;
    state.validUntilMs = 0;
    expect(first(state)).toBeUndefined();
    expect(first(service(versions(), {}, { filters: [{ region: "weur" }] }))).toBeUndefined();
  });
});

/** Four origins, the first so many of them unhealthy. */
const sickFirst = (sick: number) =>
  Array.from({ length: 4 }, (_, index) => origin(`a${index}`, { healthy: index >= sick }));

/** The share that leaves the pool. */
const away = (sick: number) => {
  const ids = ["a0", "a1", "a2", "a3", "b1"];
  return spread(service([pool("a", sickFirst(sick)), pool("b", [origin("b1")])]), ids)[4]!;
};

describe("giving traffic away", () => {
  it("sheds a share of a pool, at random or always the same clients", () => {
    for (const policy of ["random", "hash"] as const) {
      const state = service(twoPools({ shed: { percent: 30, policy } }));
      expect(Math.abs(spread(state, ["a1", "b1"])[1]! - 0.3)).toBeLessThan(0.015);
    }
  });

  it("sheds nothing when there is nowhere else to go", () => {
    expect(first(service([pool("a", [origin("a1")], { shed: { percent: 100, policy: "random" } })]))).toBe("a1");
  });

  it("takes a pool's share away gradually once fewer than 1/1.4 of its origins are left", () => {
    expect(away(1)).toBe(0);
    expect(Math.abs(away(2) - (1 - 1.4 * 0.5))).toBeLessThan(0.015);
    expect(Math.abs(away(3) - (1 - 1.4 * 0.25))).toBeLessThan(0.015);
    expect(away(4)).toBe(1);
  });

  it("spills what an origin over its capacity does not keep", () => {
    const state = service([pool("a", [origin("a1", { kept: 0.6 })]), pool("b", [origin("b1")])]);
    expect(Math.abs(spread(state, ["a1", "b1"])[1]! - 0.4)).toBeLessThan(0.015);
  });

  it("lets a recovering origin in by key, more of the same clients with every step", () => {
    const state = service([pool("a", [origin("a1", { admission: 0.1 })]), pool("b", [origin("b1")])]);
    expect(Math.abs(spread(state, ["a1", "b1"])[0]! - 0.1)).toBeLessThan(0.015);
    const clients = Array.from({ length: 2000 }, (_, client) => ({ key: `client-${client}` }));
    const early = clients.filter((about) => first(state, about) === "a1");
    state.pools[0]!.origins[0]!.admission = 0.5;
    expect(early.every((about) => first(state, about) === "a1")).toBe(true);
  });

  it("uses an origin of weight 0 only when nothing else is left", () => {
    const state = service([pool("a", [origin("spare", { weight: 0 }), origin("a1")])]);
    expect(first(state)).toBe("a1");
    state.pools[0]!.origins[1]!.healthy = false;
    state.validUntilMs = 0;
    expect(first(state)).toBe("spare");
    expect(state.panicking).toBe(false);
  });

  describe.each([
    ["without a backup", 0],
    ["beside a backup", 2],
  ])("inside a fence, %s", (_, maxBackups) => {
    const more = maxBackups === 0 ? [] : [pool("backup", [origin("backup1", { backup: 1 })])];
    const next = () => origin("next", { weight: 0, config: versioned("next", "2").config });

    it("uses an origin of weight 0 when the rule leaves nothing else", () => {
      const rules = [{ match: { headers: { "X-Canary": "1" } }, then: { pools: ["canary"] } }];
      const state = service([pool("a", [origin("a1")]), pool("canary", [next()]), ...more], { maxBackups }, { rules });
      const canary = { headers: { "X-Canary": "1" } };
      expect([first(state), first(state, canary)]).toEqual(["a1", "next"]);
      state.pools[1]!.origins[0]!.healthy = false;
      state.validUntilMs = 0;
      expect([first(state), first(state, canary)]).toEqual(["a1", undefined]);
    });

    it("uses an origin of weight 0 when a filter leaves nothing else, and no other before that", () => {
      const pools = [pool("a", [origin("a1"), next(), versioned("v2", "2")]), ...more];
      const state = service(pools, { maxBackups }, { filters: [{ version: "2" }] });
      expect(first(state)).toBe("v2");
      state.pools[0]!.origins[2]!.healthy = false;
      state.validUntilMs = 0;
      expect(first(state)).toBe("next");
    });
  });
});
