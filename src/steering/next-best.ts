/** What a region loses by an origin's next best: whose excess goes elsewhere is decided by it. */
import type { LatencyEstimate } from "../health/latency.ts";
import { believedMs, leastMs } from "./expected-latency.ts";
import type { UnitVector } from "./place.ts";

/** An origin as a region sees it. */
export interface Choice {
  readonly vector: UnitVector;
  /** As the region's traffic measured it. */
  readonly latency: LatencyEstimate;
  /** False while nobody would be sent there. */
  readonly usable: boolean;
}

/**
 * @param others what could answer the same requests
 * @param here   where the region is
 * @param nowMs  ms since the epoch
 * @returns ms; below zero where another is better, Infinity where no other is usable
 */
export function lossMs(own: Choice, others: readonly Choice[], here: UnitVector, nowMs: number): number {
  const expectedMs = ({ vector, latency }: Choice) => believedMs(latency, leastMs(vector, here), nowMs);
  return Math.min(...others.filter(({ usable }) => usable).map(expectedMs)) - expectedMs(own);
}
