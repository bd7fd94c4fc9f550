/**
 * Which share of its requests each region keeps on an origin when the world asks for more than the origin's capacity.
 *
 * The excess is taken from the regions that lose least latency by going elsewhere, one after the other; regions that lose
 * the same share it in proportion. What counts is demand, not what arrives: a spill that works does not look like room.
 */
export interface RegionalDemand {
  /** Requests a second that would come from this region, did it keep all of them. */
  readonly demandPerSecond: number;
  /** Latency of the region's next best choice less this origin's, ms; Infinity where there is no other. */
  readonly lossMs: number;
}

/** No region is cut off altogether, and what it keeps is enough to measure its demand by. */
export const LEAST_KEPT = 0.05;

/**
 * @param capacityPerSecond what the origin can take, worldwide
 * @returns the share each region should keep, in [0.05, 1], in the order given
 */
export function keptShares(regions: readonly RegionalDemand[], capacityPerSecond: number): number[] {
  let excess = regions.reduce((sum, { demandPerSecond }) => sum + demandPerSecond, 0) - capacityPerSecond;
  const shares = regions.map(() => 1);
  for (const lossMs of [...new Set(regions.map((region) => region.lossMs))].toSorted((a, b) => a - b)) {
    if (excess <= 0 || lossMs === Infinity) break;
    const alike = regions.flatMap((region, index) => (region.lossMs === lossMs ? [index] : []));
    const demand = alike.reduce((sum, index) => sum + regions[index]!.demandPerSecond, 0);
    if (demand === 0) continue;
    const share = Math.max(LEAST_KEPT, 1 - excess / demand);
    for (const index of alike) shares[index] = share;
    excess -= demand * (1 - share);
  }
  return shares;
}
