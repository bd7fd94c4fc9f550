import { describe, expect, it } from "vitest";
import { ConfigError, defineConfig } from "../../src/config/define.ts";
import type { ConfigInput } from "../../src/config/schema.ts";

function messageOf(steering: object): string {
  const pools = { eu: { region: "weur", origins: [{ id: "o1", url: "http://127.0.0.1:9101" }] } };
  try {
    defineConfig({ services: { s: { hosts: ["a.test"], pools, steering } } } as unknown as ConfigInput);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("steering in the configuration", () => {
  it.each<[string, object, string]>([
    [
      "`geo` within a pool",
      { within: "geo" },
      "Expected `services.s.steering.within` to be a policy for the origins of a pool (`geo` names pools, and the origins of a pool are in one place)",
    ],
    ["`proximity` within a pool", { within: "proximity" }, "`proximity` compares places"],
    ["an unknown policy", { policy: "best" }, 'Expected `services.s.steering.policy` to be one of "failover"'],
    [
      "an unknown pool in a list",
      { geo: { countries: { DE: ["us"] } } },
      "Expected `services.s.steering.geo.countries.DE.0` to be a pool of this service (eu)",
    ],
    [
      "an unknown pool in the default list",
      { geo: { default: ["us"] } },
      "Expected `services.s.steering.geo.default.0`",
    ],
    ["`geo` without a list", { policy: "geo" }, "to be at least one list, because the policy is `geo`"],
    ["a country in lower case", { geo: { countries: { de: ["eu"] } } }, "a country code of two capital letters"],
    ["an unknown key", { hash: { key: "moon" } }, '"header:<name>"'],
    [
      "a balance factor that leaves no room",
      { balanceFactor: 1 },
      "Expected `services.s.steering.balanceFactor` to be a number > 1, got 1",
    ],
    [
      "a filter on nothing",
      { filters: [{ percent: 5 }] },
      "Expected `services.s.steering.filters.0` to be a filter on",
    ],
    ["a rule that does nothing", { rules: [{ then: {} }] }, "`pools`, `policy` or `respond`"],
    [
      "a rule for an unknown pool",
      { rules: [{ then: { pools: ["us"] } }] },
      "Expected `services.s.steering.rules.0.then.pools.0` to be a pool of this service (eu)",
    ],
    ["three choices", { choices: 3 }, "Expected `services.s.steering.choices`"],
  ])("refuses %s", (_, steering, message) => expect(messageOf(steering)).toContain(message));

  it("takes every policy that makes sense", () => {
    expect(messageOf({ policy: "geo", within: "maglev", geo: { default: ["eu"] }, hash: { key: "jwt:sub" } })).toBe(
      "accepted",
    );
  });
});
