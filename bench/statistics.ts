/** Medians and quartiles: what a shared machine's noise moves least. */

/** @throws RangeError for an empty list */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Linear interpolation between closest ranks (type 7 of Hyndman and Fan, 1996).
 *
 * @param q in [0, 1]
 * @throws RangeError for an empty list
 */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError("Expected `values` to have an element, got none");
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (sorted.length - 1) * q;
  const below = sorted[Math.floor(rank)]!;
  const above = sorted[Math.ceil(rank)]!;
  return below + (above - below) * (rank - Math.floor(rank));
}

/** `0.94 (0.92 to 0.97)`: the median and the quartiles around it. */
export function formatSpread(values: readonly number[], digits = 2): string {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((q) => quantile(values, q).toFixed(digits));
  return `${middle} (${low} to ${high})`;
}

/** Ours over theirs, neighbour by neighbour: the i-th of both were measured in the same round. */
export function paired(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, round) => value / theirs[round]!);
}
