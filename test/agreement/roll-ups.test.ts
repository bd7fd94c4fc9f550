import { describe, expect, it } from "vitest";
import { countLatency, noLatencies } from "../../src/agreement/latency-counts.ts";
import type { OriginReport, Report, ServiceReport } from "../../src/agreement/protocol.ts";
import { KEPT_MINUTES, noRollUps, performanceOf, rollUp } from "../../src/agreement/roll-ups.ts";
import { addCounts, allAnswers, countReport, noCounts } from "../../src/agreement/traffic-counts.ts";

const MINUTE = 60_000;
const NOW = 1_000 * MINUTE;

const latencies = (...times: number[]) => {
  const counts = noLatencies();
  for (const ms of times) countLatency(counts, ms);
  return counts;
};

const ATTEMPTS: OriginReport = {
  successes: 3,
  failures: 1,
  connectionFailures: 1,
  timeouts: 0,
  slow: 0,
  failureRun: 0,
  longestFailureRun: 1,
  panics: 0,
  latency: { samples: 3, sumMs: 60, maxMs: 40 },
  inFlight: 7,
  sent: 0,
  wanted: 0,
};

const SERVICE: ServiceReport = {
  requests: 3,
  errors: 1,
  attempts: 4,
  retries: 1,
  counters: { "cache.miss": 3 },
  algorithm: "latency",
  answers: { eu1: { success: latencies(10, 20), failure: null }, "(none)": { success: null, failure: latencies(30) } },
};

function report(service = "shop", origin = "eu1"): Report {
  return {
    isolate: "i",
    sequence: 0,
    spanMs: 1_000,
    ageMs: 0,
    settled: [],
    services: { [service]: SERVICE },
    origins: { [origin]: ATTEMPTS },
  };
}

describe("a hub's roll-ups", () => {
  it("keep an hour of minutes, and forget the oldest", () => {
    const rollUps = noRollUps(NOW);
    for (let minute = 0; minute < 90; minute++) rollUp(rollUps, report(), NOW + minute * MINUTE);
    expect(rollUps.minutes).toHaveLength(KEPT_MINUTES);
    const hour = performanceOf(rollUps, 60, null, NOW + 89 * MINUTE);
    expect(hour.counts.services.get("shop")!.requests).toBe(3 * 60);
    const five = performanceOf(rollUps, 5, null, NOW + 89 * MINUTE);
    expect(five.counts.origins.get("eu1")).toMatchObject({ successes: 15, failures: 5, sumMs: 300, maxMs: 40 });
    expect(five.minutes.map(({ minute }) => minute - 1_000)).toEqual([85, 86, 87, 88, 89]);
  });

  it("have no minute for a minute without traffic, and lose what is older than the window", () => {
    const rollUps = noRollUps(NOW);
    rollUp(rollUps, report(), NOW);
    rollUp(rollUps, report(), NOW + 30 * MINUTE);
    expect(performanceOf(rollUps, 60, null, NOW + 30 * MINUTE).minutes).toHaveLength(2);
    expect(performanceOf(rollUps, 30, null, NOW + 30 * MINUTE).minutes).toHaveLength(1);
    expect(performanceOf(rollUps, 60, null, NOW + 300 * MINUTE).minutes).toHaveLength(0);
    expect(rollUps.totals.services.get("shop")!.requests).toBe(6);
  });

  it("go on in the newest minute when the clock steps back", () => {
    const rollUps = noRollUps(NOW);
    rollUp(rollUps, report(), NOW);
    rollUp(rollUps, report(), NOW - 10 * MINUTE);
    expect(rollUps.minutes).toHaveLength(1);
    expect(rollUps.totals.services.get("shop")!.requests).toBe(6);
  });

  it("can be asked for one service", () => {
    const rollUps = noRollUps(NOW);
    rollUp(rollUps, report("shop"), NOW);
    rollUp(rollUps, report("blog"), NOW);
    const { counts, minutes } = performanceOf(rollUps, 60, "blog", NOW);
    expect([...counts.services.keys()]).toEqual(["blog"]);
    expect([...minutes[0]!.services.keys()]).toEqual(["blog"]);
  });
});

describe("counted traffic", () => {
  it("keeps answers by policy and by who answered, and adds up hubs", () => {
    const hubs = [noCounts(), noCounts()];
    for (const hub of hubs) countReport(hub, report());
    const sum = noCounts();
    for (const hub of hubs) addCounts(sum, hub);
    const shop = sum.services.get("shop")!;
    expect(shop).toMatchObject({ requests: 6, errors: 2, attempts: 8, retries: 2, counters: { "cache.miss": 6 } });
    expect(shop.answers.get("latency")!.get("eu1")).toMatchObject({ success: { count: 4, sumMs: 60 }, failure: null });
    expect(allAnswers(shop)).toMatchObject({ count: 6, sumMs: 120 });
  });

  it("takes reports of isolates that do not tell whose the answers were", () => {
    const { algorithm: _algorithm, answers: _answers, ...old } = SERVICE;
    const counts = noCounts();
    countReport(counts, { ...report(), services: { shop: old } });
    expect(counts.services.get("shop")).toMatchObject({ requests: 3, answers: new Map() });
  });

  it("is bounded, however many names come", () => {
    const counts = noCounts();
    for (let index = 0; index < 6_000; index++) countReport(counts, report("shop", `origin-${index}`));
    expect(counts.origins.size).toBe(5_001);
    expect(counts.origins.get("(other)")!.successes).toBe(3 * 1_000);
  });
});
