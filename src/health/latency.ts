/** The latency of an origin as an estimate that goes up fast and comes down slowly (peak-sensitive EWMA). */

/** Time constant of the decay, in ms (Finagle's peak EWMA uses 10 s). */
const DECAY_MS = 10_000;

/** How far a slower sample pulls the estimate up, in (0, 1]: one hiccup does not move a region's traffic, three do. */
const RISE = 0.3;

/** Until so many samples, the fastest one stands: first answers carry connecting and waking up. */
export const WARM_UP_SAMPLES = 3;

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
  /** Samples taken in so far. */
  latencySamples: number;
}

/**
 * Takes one measurement in. A higher one pulls the estimate up at once by a good part, a lower one pulls it down by how
 * long ago the last was. Source: Finagle's `PeakEwma` load metric, which jumps all the way because it chooses among
 * neighbours; here a jump would send a region's traffic across an ocean.
 *
 * @param sampleMs time to the response head, ms
 * @param nowMs    ms since the epoch
 */
export function observeLatency(estimate: LatencyEstimate, sampleMs: number, nowMs: number): void {
  const ageMs = Math.max(0, nowMs - estimate.latencyAtMs);
  const isFirst = Number.isNaN(estimate.latencyMs);
  const isWarmingUp = estimate.latencySamples < WARM_UP_SAMPLES;
  estimate.latencyAtMs = nowMs;
  estimate.latencySamples++;
  if (isFirst || isWarmingUp) {
    estimate.latencyMs = isFirst ? sampleMs : Math.min(estimate.latencyMs, sampleMs);
    return;
  }
  const taken = sampleMs > estimate.latencyMs ? RISE : 1 - Math.exp(-ageMs / DECAY_MS);
  estimate.latencyMs += taken * (sampleMs - estimate.latencyMs);
}

/**
 * What an estimate is worth now. One that no traffic renews decays, so that an origin that was slow once gets another
 * chance, and is forgotten in the end.
 *
 * @param floorMs what it cannot be better than, such as light over the distance: an origin that was never slow is not
 *                tried again and again just because it is not used. A measurement below the floor stands
 * @returns ms; NaN when nothing is known
 */
export function latencyNow(
  { latencyMs, latencyAtMs }: Pick<LatencyEstimate, "latencyMs" | "latencyAtMs">,
  floorMs: number,
  nowMs: number,
): number {
  const ageMs = nowMs - latencyAtMs;
  if (ageMs <= BELIEVED_MS || latencyMs <= floorMs) return ageMs >= FORGOTTEN_MS ? Number.NaN : latencyMs;
  if (ageMs >= FORGOTTEN_MS) return Number.NaN;
  return floorMs + (latencyMs - floorMs) / 2 ** ((ageMs - BELIEVED_MS) / HALVING_MS);
}
