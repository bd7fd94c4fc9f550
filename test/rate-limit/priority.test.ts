import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PRIORITIES } from "../../src/config/priority-levels.ts";
import { FULL_SCALE, latencySignal, nextScale, nextUsualMs, type Scale } from "../../src/rate-limit/adapt.ts";
import { admitsLevel, admittedShare, higher } from "../../src/rate-limit/priority.ts";

function run(from: Scale, signal: number, seconds: number, floor = 0.2): number {
  let scale = from;
  for (let i = 1; i <= seconds * 10; i++) scale = nextScale(scale, signal, floor, 1_000_000 + from.atMs + i * 100);
  return scale.value;
}

describe("when a service nears its capacity", () => {
  it.each([
    [0.5, [1, 1, 1, 1, 1]],
    [0.8, [1, 1, 1, 0.5, 0]],
    [0.9, [1, 1, 0.5, 0, 0]],
    [1, [1, 2 / 3, 0, 0, 0]],
    [2, [1, 0, 0, 0, 0]],
  ])("at load %f lower levels are turned away first", (load, shares) => {
    PRIORITIES.forEach((level, i) => expect(admittedShare(level, { load, health: 1 })).toBeCloseTo(shares[i]!));
  });

  it("sick origins press like load", () => {
    expect(admittedShare("low", { load: 0.5, health: 1 })).toBe(1);
    expect(admittedShare("low", { load: 0.5, health: 0.5 })).toBe(0);
    expect(admittedShare("high", { load: 0.1, health: 0 })).toBe(0);
    expect(admittedShare("critical", { load: 0.1, health: 0 })).toBe(1);
  });

  it("without load nobody is turned away", () => {
    for (const level of PRIORITIES) expect(admittedShare(level, { load: 0, health: 0 })).toBe(1);
    expect(admittedShare("background", { load: Number.NaN, health: 1 })).toBe(1);
  });

  it("never lets a lower level in more readily than a higher one", () => {
    const pressures = fc.record({
      load: fc.double({ min: 0, max: 3, noNaN: true }),
      health: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const ordered = fc.property(pressures, (pressure) => {
      const shares = PRIORITIES.map((level) => admittedShare(level, pressure));
      return shares.every((share, i) => share >= 0 && share <= 1 && (i === 0 || share <= shares[i - 1]!));
    });
    expect(() => fc.assert(ordered)).not.toThrow();
  });

  it("lets in just the share", () => {
    const pressure = { load: 0.9, health: 1 };
    expect(admitsLevel("normal", pressure, 0.49)).toBe(true);
    expect(admitsLevel("normal", pressure, 0.51)).toBe(false);
  });

  it("a request that two limits count has the more urgent level", () => {
    expect(higher("low", "high")).toBe("high");
    expect(higher("critical", "background")).toBe("critical");
  });
});

describe("a limit that adapts", () => {
  it("goes down in small steps as origins degrade, and not below its floor", () => {
    expect(run(FULL_SCALE, 0, 1)).toBeGreaterThan(0.85);
    expect(run(FULL_SCALE, 0, 60)).toBeCloseTo(0.2);
    expect(run(FULL_SCALE, 0.5, 60)).toBeCloseTo(0.5);
  });

  it("comes back more slowly than it went", () => {
    const low = { value: 0.2, atMs: 1 };
    expect(run(low, 1, 5)).toBeLessThan(0.4);
    expect(run(low, 1, 120)).toBe(1);
  });

  it("takes no single step over a tenth, however long nobody looked", () => {
    expect(nextScale({ value: 1, atMs: 1_000 }, 0, 0.1, 9_000_000).value).toBeCloseTo(0.9);
  });

  it("takes a senseless signal for a good one, and stands still while the clock goes back", () => {
    expect(nextScale({ value: 1, atMs: 1_000 }, Number.NaN, 0.1, 5_000).value).toBe(1);
    expect(nextScale({ value: 0.5, atMs: 5_000 }, 0, 0.1, 1_000).value).toBe(0.5);
  });

  it("measures latency against what is usual, which rises slowly and falls quickly", () => {
    expect(latencySignal(100, 400)).toBe(0.25);
    expect(latencySignal(100, 50)).toBe(1);
    expect(latencySignal(Number.NaN, 50)).toBe(1);
    expect(nextUsualMs(Number.NaN, 80, 0)).toBe(80);
    expect(nextUsualMs(100, 400, 10_000)).toBeLessThan(106);
    expect(nextUsualMs(400, 100, 10_000)).toBeLessThan(215);
    expect(nextUsualMs(100, Number.NaN, 10_000)).toBe(100);
  });
});
