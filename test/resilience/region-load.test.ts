import { expect, it } from "vitest";
import { ratesNow, takeIsolateLoad, type RegionLoad } from "../../src/resilience/region-load.ts";

/** An isolate that reports every two seconds. */
function report(load: RegionLoad, isolate: string, perSecond: number, fromSecond: number, toSecond: number, kept = 1) {
  for (let second = fromSecond + 2; second <= toSecond; second += 2)
    takeIsolateLoad(load, isolate, { sent: 2 * perSecond * kept, wanted: 2 * perSecond }, 2_000, second * 1_000);
}

it("adds isolates up", () => {
  const load: RegionLoad = new Map();
  report(load, "a", 30, 0, 20);
  report(load, "b", 10, 0, 20);
  expect(ratesNow(load, 20_000).ratePerSecond).toBeCloseTo(40);
});

it("knows what would come if everything were kept, from the first report after a share changed", () => {
  const load: RegionLoad = new Map();
  report(load, "a", 100, 0, 20);
  report(load, "a", 100, 20, 22, 0.2);
  expect(ratesNow(load, 22_000).demandPerSecond).toBeCloseTo(100);
  expect(ratesNow(load, 22_000).ratePerSecond).toBeLessThan(80);
  report(load, "a", 100, 22, 60, 0.2);
  expect(ratesNow(load, 60_000).ratePerSecond).toBeCloseTo(20, 1);
  expect(ratesNow(load, 60_000).demandPerSecond).toBeCloseTo(100);
});

it("follows a change within seconds, also one that ends a long silence", () => {
  const load: RegionLoad = new Map();
  takeIsolateLoad(load, "a", { sent: 1, wanted: 1 }, 600_000, 1_000);
  report(load, "a", 100, 1, 17);
  expect(ratesNow(load, 17_000).ratePerSecond).toBeGreaterThan(90);
});

it("takes no single attempt for a flood, and no silence for traffic", () => {
  const load: RegionLoad = new Map();
  takeIsolateLoad(load, "a", { sent: 1, wanted: 1 }, 0, 1_000);
  expect(ratesNow(load, 1_000).ratePerSecond).toBeLessThanOrEqual(10);
  expect(ratesNow(load, 7_000).ratePerSecond).toBe(0);
  takeIsolateLoad(load, "b", { sent: 0, wanted: 0 }, 2_000, 7_000);
  expect(load.size).toBe(0);
});
