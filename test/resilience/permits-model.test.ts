import { describe, expect, it } from "vitest";
import { runPermitsModel, type PermitsModelOptions } from "./permits-model.ts";

const run = (seed: number, over: Partial<PermitsModelOptions> = {}) =>
  runPermitsModel({
    seed,
    isolates: 24,
    durationMs: 30 * 60_000,
    trialPermits: 3,
    rule: "held-through-deadline",
    ...over,
  });

describe("trial permits on a network and machines that misbehave", () => {
  it.each([1, 2, 3, 4, 5])("never put more trials in flight than there may be (seed %i)", (seed) => {
    const result = run(seed);
    expect(result.mostInFlight).toBeLessThanOrEqual(3);
    // Nothing is proved by a run in which nothing happens.
    expect(result.mostInFlight).toBe(3);
    expect(result.trials).toBeGreaterThan(200);
    for (const count of [result.lost, result.duplicated, result.late, result.restarts, result.clockSteps])
      expect(count).toBeGreaterThan(50);
    expect(result.openings).toBeGreaterThan(10);
  });

  it("hold for one permit as well", () => {
    expect(run(7, { trialPermits: 1 }).mostInFlight).toBe(1);
  });

  it("would not, if a permit were issued again as soon as it may no longer be begun", () => {
    expect(run(1, { rule: "reissue-at-expiry" }).mostInFlight).toBeGreaterThan(3);
  });
});
