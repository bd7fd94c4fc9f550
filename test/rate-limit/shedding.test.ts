// Levels turned away by what hubs say of the world's load, seconds later: the real rules on a virtual clock.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Report } from "../../src/agreement/protocol.ts";
import { JUDGED, noTraffic, offeredRatio, SHED, takeReport } from "../../src/agreement/region-traffic.ts";
import { PRIORITIES } from "../../src/config/priority-levels.ts";
import { LevelCounts } from "../../src/rate-limit/level-mix.ts";
import { admitsLevel, admittedShare, settledLoad } from "../../src/rate-limit/priority.ts";
import { ratesNow, takeIsolateLoad, type RegionLoad } from "../../src/resilience/region-load.ts";
import { seeded } from "../support/seeded.ts";

/** Requests a second by level, `critical` first. */
type Offered = readonly number[];

interface Second {
  readonly admitted: readonly number[];
  readonly came: readonly number[];
}

const STEP_MS = 100;
const SYNC_MS = 2_000;
/** From an isolate's report to the isolates that hear of it. */
const LATE_MS = 3_000;

function serve(offeredAt: (second: number) => Offered, capacity: number, seconds: number): Second[] {
  const random = seeded(5);
  const load: RegionLoad = new Map();
  const totals = noTraffic();
  const levels = new LevelCounts();
  const heard: { atMs: number; offered: number }[] = [];
  const history: Second[] = [];
  let now = { judged: 0, shed: 0 };
  let second = { admitted: PRIORITIES.map(() => 0), came: PRIORITIES.map(() => 0) };
  for (let nowMs = STEP_MS; history.length < seconds; nowMs += STEP_MS) {
    const offered = heard.findLast(({ atMs }) => atMs <= nowMs)?.offered ?? 0;
    const pressure = { load: settledLoad(levels.mix(nowMs), offered, 1), health: 1 };
    offeredAt(nowMs / 1_000).forEach((perSecond, i) => {
      const expected = (perSecond * STEP_MS) / 1_000;
      const count = Math.floor(expected) + (random() < expected % 1 ? 1 : 0);
      for (let left = count; left > 0; left--) {
        levels.note(PRIORITIES[i]!);
        now.judged++;
        second.came[i]!++;
        if (admitsLevel(PRIORITIES[i]!, pressure, random())) second.admitted[i]!++;
        else now.shed++;
      }
    });
    if (nowMs % SYNC_MS === 0) {
      const sent = now.judged - now.shed;
      takeReport(totals, report(nowMs, now), nowMs);
      takeIsolateLoad(load, "a", { sent, wanted: sent }, SYNC_MS, nowMs);
      const perSecond = ratesNow(load, nowMs).ratePerSecond * offeredRatio(totals, "s", nowMs);
      heard.push({ atMs: nowMs + LATE_MS, offered: perSecond / capacity });
      now = { judged: 0, shed: 0 };
    }
    if (nowMs % 1_000 !== 0) continue;
    history.push(second);
    second = { admitted: PRIORITIES.map(() => 0), came: PRIORITIES.map(() => 0) };
  }
  return history;
}

function report(sequence: number, { judged, shed }: { judged: number; shed: number }): Report {
  const counters = { [JUDGED]: judged, [SHED]: shed };
  const services = { s: { requests: 0, errors: 0, attempts: 0, retries: 0, counters } };
  return { isolate: "a", sequence, spanMs: SYNC_MS, ageMs: 0, origins: {}, services, settled: [] };
}

const admittedIn = (history: readonly Second[]) =>
  history.map(({ admitted }) => admitted.reduce((sum, count) => sum + count, 0));

describe("a service that is asked for three times what it can do", () => {
  const calm: Offered = [10, 10, 30, 0, 0];
  const busy: Offered = [20, 30, 150, 50, 50];
  const history = serve((second) => (second > 20 && second <= 90 ? busy : calm), 100, 120);

  it("settles below its capacity and stays there: what is turned away is no room", () => {
    for (const admitted of admittedIn(history.slice(45, 90))) {
      expect(admitted).toBeGreaterThan(65);
      expect(admitted).toBeLessThan(125);
    }
    const mean = admittedIn(history.slice(45, 90)).reduce((sum, count) => sum + count, 0) / 45;
    expect(mean).toBeGreaterThan(80);
    expect(mean).toBeLessThan(100);
  });

  it("keeps the higher levels whole, divides what is left to the next, and has nothing for the lowest", () => {
    const sums = PRIORITIES.map((_, i) => {
      const seconds = history.slice(45, 90);
      const of = (pick: (second: Second) => readonly number[]) =>
        seconds.reduce((sum, second) => sum + pick(second)[i]!, 0);
      return of(({ admitted }) => admitted) / of(({ came }) => came);
    });
    expect(sums[0]).toBe(1);
    expect(sums[1]).toBe(1);
    expect(sums[2]).toBeGreaterThan(0.15);
    expect(sums[2]).toBeLessThan(0.4);
    expect(sums[3]).toBe(0);
    expect(sums[4]).toBe(0);
  });

  it("lets everybody in again when the burst is over", () => {
    expect(admittedIn(history.slice(110, 120))).toEqual(
      history.slice(110, 120).map(({ came }) => came.reduce((sum, count) => sum + count, 0)),
    );
  });
});

it("a settled load is the one at which what is admitted is what presses", () => {
  const parts = fc
    .array(fc.integer({ min: 0, max: 10 }), { minLength: 5, maxLength: 5 })
    .filter((p) => p.some(Boolean));
  const offeredLoad = fc.double({ min: 0.01, max: 20, noNaN: true });
  const health = fc.double({ min: 0.1, max: 1, noNaN: true });
  const balances = fc.property(parts, offeredLoad, health, (counts, offered, health) => {
    const all = counts.reduce((sum, count) => sum + count, 0);
    const mix = counts.map((count) => count / all);
    const load = settledLoad(mix, offered, health);
    const admitted = PRIORITIES.reduce(
      (sum, level, i) => sum + offered * mix[i]! * admittedShare(level, { load, health }),
      0,
    );
    expect(load).toBeLessThanOrEqual(offered * (1 + 1e-9));
    expect(Math.abs(admitted - load)).toBeLessThan(0.01 * Math.max(1, offered));
  });
  fc.assert(balances);
  expect(settledLoad([0, 0, 1, 0, 0], Number.NaN, 1)).toBe(0);
});
