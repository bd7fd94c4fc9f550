import { describe, expect, it } from "vitest";
import { originSchema } from "../../src/config/origin.ts";
import { explain } from "../../src/steering/explain.ts";
import { POLICIES } from "../../src/steering/policy.ts";
import { nextCandidate } from "../../src/steering/candidates.ts";
import { origin, pool, requestFrom, service } from "./support.ts";

const NOW = 1_000_000;

describe("an explanation", () => {
  it("says what would be chosen first, and why the others are passed over", () => {
    const state = service([
      pool("eu", [origin("open", { breaker: "open" }), origin("spare", { weight: 0 }), origin("good")], {
        priority: 1,
      }),
      pool("us", [origin("drained", { administrative: "draining" })]),
    ]);
    const told = explain(state, requestFrom("weur"), NOW - 700, NOW);
    expect(told.viewAgeMs).toBe(700);
    expect(told.pools.map(({ id, passedOver }) => [id, passedOver])).toEqual([
      ["eu", null],
      ["us", "none of its origins may be chosen"],
    ]);
    expect(told.pools[0]!.origins.map(({ id, passedOver }) => [id, passedOver])).toEqual([
      ["good", null],
      ["open", "breaker open"],
      ["spare", "weight 0, kept for when nothing else is left"],
    ]);
    expect(told.pools[1]!.origins[0]!.passedOver).toBe("draining");
    expect(told.pools[0]!).toMatchObject({ score: 1, reason: "priority 1" });
  });

  it("names the rule, the filters, and what they leave out", () => {
    const versioned = (id: string, version: string) =>
      origin(id, { config: originSchema.parse({ id, url: "http://127.0.0.1:1", version }) });
    const state = service(
      [pool("eu", [versioned("v1", "1"), versioned("v2", "2")]), pool("us", [versioned("u1", "1")])],
      {},
      {
        rules: [
          { match: { methods: ["PUT"] }, then: { pools: ["us"] } },
          { match: { methods: ["GET"] }, then: { pools: ["eu"] } },
        ],
        filters: [{ version: "2", percent: 100 }],
      },
    );
    const told = explain(state, requestFrom("weur"), 0, NOW);
    expect(told).toMatchObject({ rule: 1, filters: ["version=2 for 100 %"], viewAgeMs: null });
    expect(told.pools.find(({ id }) => id === "us")!.passedOver).toBe("the rule leaves it out");
    const eu = told.pools.find(({ id }) => id === "eu")!;
    expect(eu.origins.map(({ id, passedOver }) => [id, passedOver])).toEqual([
      ["v2", null],
      ["v1", "a canary prefers others"],
    ]);
  });

  it("changes nothing: what is picked afterwards is what would have been picked", () => {
    for (const policy of Object.values(POLICIES)) {
      const make = () => {
        const pools = ["a", "b", "c"].map((id) => pool(id, [origin(`${id}1`, { latencyMs: id.charCodeAt(0) })]));
        return service(pools, {}, { policy: policy.name, geo: { default: ["b"] } });
      };
      const asked = make();
      const unasked = make();
      const request = requestFrom("weur", { key: "k" });
      for (let turn = 0; turn < 5; turn++) {
        explain(asked, request, 0, NOW);
        expect(nextCandidate(asked, request, [], NOW)?.origin.id).toBe(
          nextCandidate(unasked, request, [], NOW)?.origin.id,
        );
      }
    }
  });
});
