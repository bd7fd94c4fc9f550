import { expect, it } from "vitest";
import { observeLatency } from "../../src/health/latency.ts";

it("takes the first measurement, jumps up at once and comes down with time", () => {
  const estimate = { latencyMs: Number.NaN, latencyAtMs: 0 };
  observeLatency(estimate, 20, 1000);
  expect(estimate.latencyMs).toBe(20);
  observeLatency(estimate, 500, 1100);
  expect(estimate.latencyMs).toBe(500);
  observeLatency(estimate, 20, 1200);
  expect(estimate.latencyMs).toBeGreaterThan(450);
  observeLatency(estimate, 20, 61_200);
  expect(estimate.latencyMs).toBeLessThan(25);
});

it("is not confused by a clock that steps back", () => {
  const estimate = { latencyMs: 100, latencyAtMs: 10_000 };
  observeLatency(estimate, 50, 5000);
  expect(estimate.latencyMs).toBe(100);
});
