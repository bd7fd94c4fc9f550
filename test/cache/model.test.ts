import { describe, expect, it } from "vitest";
import { seeded } from "../support/seeded.ts";
import { playCaches } from "./model/play.ts";
import { LOOSER } from "./model/rules.ts";

describe("caches all over the planet, under loss, delay, doubles, restarts, partitions and clock steps", () => {
  it("serve nobody what was confirmed as purged before they asked", { timeout: 60_000 }, () => {
    const tally = playCaches(60_000, seeded(1));
    expect(tally.stale).toBe(0);
    // It can only fail if there was something to fail at.
    for (const from of ["store", "confirmed", "waited", "origin", "rescued"] as const)
      expect({ from, reads: tally.reads[from] > 20 }).toEqual({ from, reads: true });
    expect(tally.confirmed).toBeGreaterThan(tally.purges / 3);
    expect(tally.folded).toBeGreaterThan(0);
  });

  it.each(Object.keys(LOOSER))("would do so by a looser rule: %s", { timeout: 60_000 }, (name) => {
    const stale = [1, 2, 3, 4].some((seed) => playCaches(120_000, seeded(seed), LOOSER[name]).stale > 0);
    expect(stale).toBe(true);
  });
});
