import { describe, expect, it } from "vitest";
import { quorumOf } from "../../src/resilience/listening.ts";
import { seeded } from "../support/seeded.ts";
import { playWorld, type WorldOptions } from "./world-model.ts";

const SEEDS = Array.from({ length: 150 }, (_, seed) => seed + 1);

/** Planets that open although not over half of the regions with traffic had. */
const wrong = (options: Pick<WorldOptions, "busy" | "failing" | "quorum">) =>
  SEEDS.map((seed) => playWorld({ ...options, durationMs: 15_000, random: seeded(seed) })).filter(
    ({ openedMs, open, withTraffic }) => openedMs !== null && open * 2 <= withTraffic,
  );

describe("a planet that starts, with hubs that know nothing yet and hubs that restart", () => {
  it.each([
    [1, 2],
    [1, 4],
    [2, 4],
    [2, 5],
  ])("does not lose an origin that fails for %i of %i regions", (failing, busy) => {
    expect(wrong({ failing, busy })).toEqual([]);
  });

  it.each([
    [1, 1],
    [3, 4],
    [3, 5],
  ])("leaves one that fails for %i of %i regions, within ten seconds", (failing, busy) => {
    const openedMs = SEEDS.map(
      (seed) => playWorld({ failing, busy, durationMs: 15_000, random: seeded(seed) }).openedMs ?? Infinity,
    );
    expect(Math.max(...openedMs)).toBeLessThan(10_000);
  });

  it("would lose it, if a hub's silence were taken for an answer", () => {
    const quorum: WorldOptions["quorum"] = (said) =>
      quorumOf(said.map(([region, witness]) => [region, { ...witness, unheardForMs: 0 }] as const));
    expect(wrong({ failing: 1, busy: 4, quorum }).length).toBeGreaterThan(0);
  });
});
