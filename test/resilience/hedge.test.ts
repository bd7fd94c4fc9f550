import { expect, it } from "vitest";
import { emptyHistogram, hedgeAfterMs, observeDuration, percentileMs } from "../../src/resilience/hedge.ts";

const config = { afterPercentile: 95, max: 1 };

it("estimates a percentile at most a tenth too high and never too low", () => {
  const histogram = emptyHistogram();
  for (let ms = 1; ms <= 900; ms++) observeDuration(histogram, ms);
  for (const percent of [50, 90, 95, 99]) {
    const exact = (900 * percent) / 100;
    expect(percentileMs(histogram, percent)).toBeGreaterThanOrEqual(exact);
    expect(percentileMs(histogram, percent)).toBeLessThanOrEqual(exact * 1.11);
  }
});

it("does not hedge before it knows what is usual", () => {
  const histogram = emptyHistogram();
  for (let sample = 0; sample < 19; sample++) observeDuration(histogram, 10);
  expect(hedgeAfterMs(config, histogram)).toBe(Infinity);
  observeDuration(histogram, 10);
  expect(hedgeAfterMs(config, histogram)).toBeLessThan(12);
  expect(hedgeAfterMs({ ...config, afterMs: 70 }, emptyHistogram())).toBe(70);
});

it("forgets what used to be usual", () => {
  const histogram = emptyHistogram();
  for (let sample = 0; sample < 2000; sample++) observeDuration(histogram, 1000);
  for (let sample = 0; sample < 6000; sample++) observeDuration(histogram, 10);
  expect(percentileMs(histogram, 95)).toBeLessThan(12);
});
