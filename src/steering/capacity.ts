/**
 * Which share of an origin's requests each region keeps when the world asks for more than the origin's capacity.
 *
 * The excess is taken from the regions that lose least latency by going elsewhere, one after the other; regions that lose
 * the same share it in proportion. A region's demand is what it sent over what it was told to keep, so that an origin that
 * already spills is not taken for one that has room, and shares do not swing.
 */
export interface RegionalDemand {
  /** Requests a second that arrived at the origin from this region. */
  readonly ratePerSecond: number;
  /** The share the region was told to keep while it measured, in (0, 1]. */
  readonly kept: number;
  /** Latency of the region's next best choice less this origin's, ms; Infinity where there is no other. */
  readonly lossMs: number;
}

/** No region is cut off altogether: it could not measure its demand. */
const LEAST_KEPT = 0.01;

/**
 * @param capacityPerSecond what the origin can take, worldwide
 * @returns the share each region keeps from now on, in [0.01, 1], in the order given
 */
export function keptShares(regions: readonly RegionalDemand[], capacityPerSecond: number): number[] {
  const demands = regions.map(({ ratePerSecond, kept }) => ratePerSecond / Math.max(kept, LEAST_KEPT));
  let excess = demands.reduce((sum, demand) => sum + demand, 0) - capacityPerSecond;
  const shares = regions.map(() => 1);
  for (const lossMs of [...new Set(regions.map((region) => region.lossMs))].toSorted((a, b) => a - b)) {
    if (excess <= 0 || lossMs === Infinity) break;
    const alike = regions.flatMap((region, index) => (region.lossMs === lossMs ? [index] : []));
    const demand = alike.reduce((sum, index) => sum + demands[index]!, 0);
    if (demand === 0) continue;
    const share = Math.max(LEAST_KEPT, 1 - excess / demand);
    for (const index of alike) shares[index] = share;
    excess -= demand * (1 - share);
  }
  return shares;
}
