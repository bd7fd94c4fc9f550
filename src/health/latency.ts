/** The latency of an origin as an estimate that jumps up at once and comes down slowly (peak-sensitive EWMA). */

/** Time constant of the decay, in ms (Finagle's peak EWMA uses 10 s). */
const DECAY_MS = 10_000;

export interface LatencyEstimate {
  /** ms; NaN until measured. */
  latencyMs: number;
  /** When it was last updated, ms since the epoch. */
  latencyAtMs: number;
}

/**
 * Takes one measurement in. A higher one replaces the estimate, a lower one pulls it down by how long ago the last was.
 * Source: Finagle's `PeakEwma` load metric.
 *
 * @param sampleMs time to the response head, ms
 * @param nowMs    ms since the epoch
 */
export function observeLatency(estimate: LatencyEstimate, sampleMs: number, nowMs: number): void {
  const ageMs = Math.max(0, nowMs - estimate.latencyAtMs);
  estimate.latencyAtMs = nowMs;
  if (!(sampleMs < estimate.latencyMs)) {
    estimate.latencyMs = sampleMs;
    return;
  }
  const kept = Math.exp(-ageMs / DECAY_MS);
  estimate.latencyMs = estimate.latencyMs * kept + sampleMs * (1 - kept);
}
