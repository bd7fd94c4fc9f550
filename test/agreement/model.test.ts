import { describe, expect, it } from "vitest";
import { LEASE_MS } from "../../src/agreement/timing.ts";
import { seeded } from "../support/seeded.ts";
import { LOOSER } from "./model/rules.ts";
import { playCalm, playFaults } from "./model/scenario.ts";

describe("the agreement, under loss, delay, doubles, restarts, partitions and clock steps", () => {
  it.each([1, 2])("lets no isolate decide by less than was confirmed (seed %i)", (seed) => {
    const tally = playFaults(150_000, seeded(seed));
    expect(tally).toMatchObject({ stale: 0, decisions: 150_000 });
    // It can only fail if there was something to fail at.
    expect(tally.confirmed).toBeGreaterThan(tally.changes / 3);
    expect(tally.confirmed).toBeGreaterThan(100);
    expect(tally.withoutLease).toBeLessThan(tally.decisions / 2);
  });

  it.each(Object.keys(LOOSER))("would be broken by a looser rule: %s", (name) => {
    const stale = [1, 2, 3].some((seed) => playFaults(400_000, seeded(seed), LOOSER[name]).stale > 0);
    expect(stale).toBe(true);
  });

  it("confirms among 200 isolates, most of them idle and some dead, within a lease and two seconds", () => {
    const tookMs = playCalm(200, 10, seeded(1));
    expect(Math.max(...tookMs)).toBeLessThanOrEqual(LEASE_MS + 2_000);
  });
});
