import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { latencyNow, observeLatency } from "../../src/health/latency.ts";

const measured = (latencyMs: number, latencyAtMs = 0, latencySamples = 10) => ({
  latencyMs,
  latencyAtMs,
  latencySamples,
});

describe("a latency estimate", () => {
  it("takes the fastest of the first few, which carry connecting and waking up", () => {
    const estimate = measured(Number.NaN, 0, 0);
    for (const sampleMs of [180, 40, 90]) observeLatency(estimate, sampleMs, 1000);
    expect(estimate).toEqual({ latencyMs: 40, latencyAtMs: 1000, latencySamples: 3 });
  });

  it("goes up by a good part at once and comes down slowly", () => {
    const estimate = measured(40, 1000);
    observeLatency(estimate, 400, 2000);
    expect(estimate.latencyMs).toBeCloseTo(40 + 0.3 * 360);
    observeLatency(estimate, 40, 3000);
    expect(estimate.latencyMs).toBeCloseTo(40 + 108 * Math.exp(-0.1));
  });

  it("never leaves the range of what was measured, whatever the clock does", () => {
    const samples = fc.array(
      fc.tuple(fc.double({ min: 0, max: 5000, noNaN: true }), fc.integer({ min: 0, max: 1e6 })),
      {
        minLength: 1,
      },
    );
    fc.assert(
      fc.property(samples, (observed) => {
        const estimate = measured(Number.NaN, 0, 0);
        for (const [sampleMs, atMs] of observed) observeLatency(estimate, sampleMs, atMs);
        const values = observed.map(([sampleMs]) => sampleMs);
        expect(estimate.latencyMs).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9);
        expect(estimate.latencyMs).toBeLessThanOrEqual(Math.max(...values) + 1e-9);
      }),
    );
  });
});

describe("an estimate that nothing renews", () => {
  it("is believed for a moment, then nears its floor by half every ten seconds, then is forgotten", () => {
    expect(latencyNow(measured(800), 0, 5_000)).toBe(800);
    expect(latencyNow(measured(800), 0, 15_000)).toBe(400);
    expect(latencyNow(measured(800), 200, 25_000)).toBe(350);
    expect(latencyNow(measured(800), 0, 600_000)).toBeNaN();
  });

  it("stands when it is below its floor", () => {
    expect(latencyNow(measured(20), 90, 60_000)).toBe(20);
  });

  it("is believed when the clock was set back", () => {
    expect(latencyNow(measured(800, 50_000), 0, 10_000)).toBe(800);
  });
});
