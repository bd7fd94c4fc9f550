import { describe, expect, it } from "vitest";
import {
  forgetSilent,
  JUDGED,
  noTraffic,
  offeredRatio,
  SHED,
  retryRatios,
  takeReport,
} from "../../src/agreement/region-traffic.ts";
import type { Report, ServiceReport } from "../../src/agreement/protocol.ts";

const SERVICE: ServiceReport = {
  requests: 100,
  errors: 1,
  attempts: 110,
  retries: 10,
  counters: { hits: 7 },
};

function report(isolate: string, sequence: number, service: Partial<ServiceReport> = {}): Report {
  const services = { demo: { ...SERVICE, ...service } };
  return { isolate, sequence, spanMs: 2_000, ageMs: 0, origins: {}, services, settled: [] };
}

describe("what isolates report of their services", () => {
  it("is added up, named counters included", () => {
    const totals = noTraffic();
    takeReport(totals, report("a", 0), 1_000);
    takeReport(totals, report("b", 0), 1_500);
    expect(totals.services.get("demo")?.totals).toEqual({
      requests: 200,
      errors: 2,
      attempts: 220,
      retries: 20,
      hits: 14,
    });
  });

  it("counts once however often it comes, in whatever order", () => {
    const totals = noTraffic();
    const arrivals = [1, 0, 1, 3, 2, 0, 3];
    expect(arrivals.map((sequence) => takeReport(totals, report("a", sequence), 1_000))).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
      false,
    ]);
    expect(totals.services.get("demo")?.totals["requests"]).toBe(400);
  });

  it("gives the share of retries over the last ten seconds", () => {
    const totals = noTraffic();
    takeReport(totals, report("a", 0), 1_000);
    expect(retryRatios(totals, 5_000)).toEqual({ demo: 0.1 });
    takeReport(totals, report("a", 1, { retries: 50 }), 9_000);
    expect(retryRatios(totals, 9_000)).toEqual({ demo: 0.3 });
    expect(retryRatios(totals, 12_000)).toEqual({ demo: 0.5 });
    expect(retryRatios(totals, 30_000)).toEqual({ demo: 0 });
  });

  it("counts what is told late where it belongs: in no rate when that is ten seconds ago", () => {
    const totals = noTraffic();
    takeReport(totals, report("a", 0), 20_000);
    takeReport(totals, { ...report("a", 1, { retries: 90 }), ageMs: 3_000 }, 20_000);
    expect(retryRatios(totals, 20_000)).toEqual({ demo: 0.5 });
    takeReport(totals, { ...report("a", 2, { retries: 90 }), ageMs: 10_000 }, 20_000);
    expect(retryRatios(totals, 20_000)).toEqual({ demo: 0.5 });
    expect(retryRatios(totals, 28_000)).toEqual({ demo: 0.1 });
    expect(totals.services.get("demo")?.totals).toMatchObject({ requests: 300, retries: 190 });
  });

  it("starts its rates anew when the clock steps back", () => {
    const totals = noTraffic();
    takeReport(totals, report("a", 0), 100_000);
    expect(retryRatios(totals, 50_000)).toEqual({ demo: 0 });
  });

  it("forgets isolates that have gone", () => {
    const totals = noTraffic();
    takeReport(totals, report("a", 0), 1_000);
    forgetSilent(totals, 60_000);
    expect(totals.isolates.size).toBe(1);
    forgetSilent(totals, 61_000);
    expect(totals.isolates.size).toBe(0);
  });
});

describe("requests that came for each that was let in", () => {
  const ratio = (judged: number, shed: number) => {
    const totals = noTraffic();
    takeReport(totals, report("a", 1, { counters: { [JUDGED]: judged, [SHED]: shed } }), 9_000);
    return offeredRatio(totals, "demo", 9_500);
  };

  it("are counted by those whose level was looked at", () => {
    expect(ratio(100, 0)).toBe(1);
    expect(ratio(100, 60)).toBeCloseTo(2.5);
  });

  it("are one where no levels are, and have a bound where nobody is let in", () => {
    expect(ratio(0, 0)).toBe(1);
    expect(offeredRatio(noTraffic(), "demo", 0)).toBe(1);
    expect(ratio(100, 100)).toBe(20);
  });
});
