import { describe, expect, it } from "vitest";
import { healthAware } from "../../src/steering/health-aware.ts";
import { healthScore } from "../../src/steering/health-score.ts";
import { all, options, origin, requestFrom, shares, tally } from "./support.ts";
import { seeded } from "../support/seeded.ts";

describe("the health score", () => {
  it.each([
    ["nothing known", {}, 1],
    ["half of the attempts fail", { successRatio: 0.5 }, 0.125],
    ["twice as slow as usual", { latencyMs: 200, baselineMs: 100 }, 0.5],
    ["slow, but no slower than usual", { latencyMs: 900, baselineMs: 900 }, 1],
    ["faster than usual", { latencyMs: 50, baselineMs: 100 }, 1],
    ["at seven tenths of its capacity", { saturation: 0.7 }, 1],
    ["at eight tenths", { saturation: 0.8 }, 0.82],
    ["at its capacity", { saturation: 1 }, 0.46],
    ["far over its capacity", { saturation: 3 }, 0.1],
    ["dead", { successRatio: 0 }, 0.01],
  ])("%s", (_, over, expected) => expect(healthScore(origin("o", over))).toBeCloseTo(expected, 5));
});

it("shares traffic by weight times score", () => {
  const members = [origin("well", { weight: 1 }), origin("sick", { weight: 4, successRatio: 0.5 })];
  const picker = healthAware.prepare(members, options("health-aware"), seeded(1));
  const share = shares(tally(30_000, 2, () => picker.pick(all(2), requestFrom("enam"))));
  expect(Math.abs(share[0]! - 1 / 1.5)).toBeLessThan(0.01);
});
