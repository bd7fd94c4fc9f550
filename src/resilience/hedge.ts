/**
 * When a second attempt is sent because the first is slow: after a fixed time, or after the time within which most recent
 * answers came.
 *
 * Source: Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013: hedging after the 95th percentile costs about 5 % more
 * requests and takes most of the tail away. Percentiles come from a histogram of slots that grow by a tenth (so they are at
 * most 10 % too high, never too low), which forgets half of what it holds every 1,000 samples.
 */
import type { HedgeConfig } from "../config/retry.ts";

const GROWTH = Math.log(1.1);
/** 1 ms to about 90 s. */
const SLOTS = 120;
const FORGET_EVERY = 1000;
/** Before that a percentile says nothing. */
const LEAST_SAMPLES = 20;

export interface LatencyHistogram {
  readonly slots: Float64Array;
  total: number;
  sinceForgetting: number;
}

export function emptyHistogram(): LatencyHistogram {
  return { slots: new Float64Array(SLOTS), total: 0, sinceForgetting: 0 };
}

/** Takes in how long an answer took, ms. One that lost a race counts with the time it was given. */
export function observeDuration(histogram: LatencyHistogram, durationMs: number): void {
  const slot = Math.min(SLOTS - 1, Math.ceil(Math.log(Math.max(1, durationMs)) / GROWTH));
  histogram.slots[slot]!++;
  histogram.total++;
  if (++histogram.sinceForgetting < FORGET_EVERY) return;
  histogram.sinceForgetting = 0;
  for (let index = 0; index < SLOTS; index++) histogram.slots[index]! /= 2;
  histogram.total /= 2;
}

/** The time within which `percent` of the answers came, ms; NaN before there are enough. */
export function percentileMs({ slots, total }: LatencyHistogram, percent: number): number {
  if (total < LEAST_SAMPLES) return Number.NaN;
  let left = (total * percent) / 100;
  for (let slot = 0; slot < SLOTS; slot++) {
    left -= slots[slot]!;
    if (left <= 0) return Math.exp(slot * GROWTH);
  }
  return Math.exp((SLOTS - 1) * GROWTH);
}

/** How long to wait for an answer before a hedge is sent, ms; Infinity: never. */
export function hedgeAfterMs(config: HedgeConfig, histogram: LatencyHistogram): number {
  if (config.afterMs !== undefined) return config.afterMs;
  const afterMs = percentileMs(histogram, config.afterPercentile);
  return Number.isNaN(afterMs) ? Infinity : afterMs;
}
