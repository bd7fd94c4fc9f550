import { describe, expect, it } from "vitest";
import { hubLoadEveryMs, takeHubLoad, type HubLoad, type LoadBook } from "../../src/steering/world-load.ts";
import { runPlanet, type ModelRegion, type Second } from "./capacity-model.ts";
import { seeded } from "../support/seeded.ts";

const region = (over: Partial<ModelRegion> = {}): ModelRegion => ({
  demand: () => 300,
  isolates: 5,
  lossMs: () => 50,
  ...over,
});

/** Requests a second that reached the origin, from the given second on. */
function arrivedPerSecond(history: readonly Second[], from: number): number {
  const all = history.slice(from).flatMap(({ arrived }) => arrived);
  return all.reduce((sum, count) => sum + count, 0) / (history.length - from);
}

/** The largest and the least share that a region was told to keep, from the given second on. */
function keptRange(history: readonly Second[], index: number, from: number): [least: number, most: number] {
  const shares = history.slice(from).map(({ kept }) => kept[index]!);
  return [Math.min(...shares), Math.max(...shares)];
}

describe("an origin that the world asks too much of", () => {
  it.each([
    ["a third too much", 300, 700 / 3],
    ["twice as much", 300, 150],
    ["ten times as much", 2_000, 200],
  ])("is asked for what it can take when it is %s", (_, demand, capacity) => {
    for (const seed of [1, 2, 3]) {
      const history = runPlanet([region({ demand: () => demand })], capacity, 150, seeded(seed));
      const arrived = arrivedPerSecond(history, 30);
      expect(arrived).toBeGreaterThan(0.94 * capacity);
      expect(arrived).toBeLessThan(1.06 * capacity);
      const [least, most] = keptRange(history, 0, 30);
      expect(most - least).toBeLessThan(0.12);
    }
  });

  it("moves those who lose least, and nobody else", () => {
    const near = region({ lossMs: () => 80 });
    const far = region({ lossMs: () => 20 });
    const history = runPlanet([near, far], 450, 120, seeded(1));
    expect(keptRange(history, 0, 30)).toEqual([1, 1]);
    expect(keptRange(history, 1, 30)[0]).toBeGreaterThan(0.43);
    expect(keptRange(history, 1, 30)[1]).toBeLessThan(0.57);
  });

  it("does not send the excess from region to region because their latencies tremble", () => {
    const one = region({ lossMs: (second) => 50 + 4 * Math.sin(second) });
    const other = region({ lossMs: (second) => 52 + 4 * Math.cos(1.3 * second) });
    const history = runPlanet([one, other], 400, 150, seeded(2));
    for (const index of [0, 1]) {
      const [least, most] = keptRange(history, index, 30);
      expect(least).toBeGreaterThan(0.6);
      expect(most).toBeLessThan(0.74);
    }
  });

  it("has settled within twenty seconds after a burst begins, and keeps all again after it", () => {
    const burst = region({ demand: (second) => (second >= 40 && second < 100 ? 500 : 100) });
    const history = runPlanet([burst, region({ demand: () => 100, lossMs: () => 90 })], 300, 140, seeded(3));
    expect(keptRange(history, 0, 10).at(1)).toBe(1);
    expect(keptRange(history.slice(0, 39), 0, 10)).toEqual([1, 1]);
    expect(arrivedPerSecond(history.slice(0, 100), 60)).toBeLessThan(320);
    expect(keptRange(history, 0, 125)).toEqual([1, 1]);
  });

  it("is measured even by a region of few requests", () => {
    const history = runPlanet([region({ demand: () => 20, isolates: 2 })], 5, 300, seeded(4));
    expect(arrivedPerSecond(history, 40)).toBeGreaterThan(4);
    expect(arrivedPerSecond(history, 40)).toBeLessThan(6.5);
  });
});

describe("the book of an origin", () => {
  const said = (over: Partial<HubLoad> = {}): HubLoad => ({
    ratePerSecond: 100,
    demandPerSecond: 100,
    lossMs: 20,
    nextWithinMs: 4_000,
    ...over,
  });

  it("adds hubs up, and forgets one that has been silent for two of its reports", () => {
    const book: LoadBook = new Map();
    takeHubLoad(book, "weur", said(), 1_000, 0);
    expect(takeHubLoad(book, "enam", said(), 1_000, 8_000).ratePerSecond).toBe(200);
    expect(takeHubLoad(book, "enam", said(), 1_000, 8_001).ratePerSecond).toBe(100);
  });

  it("forgets what was said before a clock was set back", () => {
    const book: LoadBook = new Map();
    takeHubLoad(book, "weur", said(), 1_000, 50_000);
    expect(takeHubLoad(book, "enam", said(), 1_000, 10_000).ratePerSecond).toBe(100);
  });

  it("lets all keep everything where no capacity is configured, or nothing else is to be had", () => {
    expect(takeHubLoad(new Map(), "weur", said({ demandPerSecond: 1e9 }), undefined, 0).kept).toBe(1);
    expect(takeHubLoad(new Map(), "weur", said({ lossMs: Infinity }), 10, 0).kept).toBe(1);
  });

  it("goes half the way with each report, so that one wrong count moves little", () => {
    const book: LoadBook = new Map();
    const shares = [0, 2, 4, 6].map((second) => takeHubLoad(book, "weur", said(), 50, second * 1_000).kept);
    expect(shares).toEqual([0.75, 0.625, 0.5625, 0.53125]);
  });
});

describe("a hub says what its region sends", () => {
  it("every two seconds beyond half of its even part of the capacity, a tenth as often up to it", () => {
    expect(hubLoadEveryMs(50, 1, 400, 4)).toBe(20_000);
    expect(hubLoadEveryMs(50.1, 1, 400, 4)).toBe(2_000);
    expect(hubLoadEveryMs(50.1, 1, 400, 3)).toBe(20_000);
  });

  it("every two seconds while it spills, however little it sends", () => {
    expect(hubLoadEveryMs(1, 0.99, 400, 4)).toBe(2_000);
  });
});
