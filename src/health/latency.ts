/** The latency of an origin as an estimate that jumps up at once and comes down slowly (peak-sensitive EWMA). */

/** Time constant of the decay, in ms (Finagle's peak EWMA uses 10 s). */
const DECAY_MS = 10_000;

/** An estimate nobody renews is believed for so long, ms; then what it has over its floor halves every `HALVING_MS`. */
const BELIEVED_MS = 5_000;
const HALVING_MS = 10_000;

/** After so long without a measurement nothing is known, ms. */
const FORGOTTEN_MS = 10 * 60_000;

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

/**
 * What an estimate is worth now. One that no traffic renews decays, so that an origin that was slow once gets another
 * chance, and is forgotten in the end.
 *
 * @param floorMs what it cannot be better than, such as light over the distance: an origin that was never slow is not
 *                tried again and again just because it is not used. A measurement below the floor stands
 * @returns ms; NaN when nothing is known
 */
export function latencyNow({ latencyMs, latencyAtMs }: LatencyEstimate, floorMs: number, nowMs: number): number {
  const ageMs = nowMs - latencyAtMs;
  if (ageMs <= BELIEVED_MS || latencyMs <= floorMs) return ageMs >= FORGOTTEN_MS ? Number.NaN : latencyMs;
  if (ageMs >= FORGOTTEN_MS) return Number.NaN;
  return floorMs + (latencyMs - floorMs) / 2 ** ((ageMs - BELIEVED_MS) / HALVING_MS);
}
