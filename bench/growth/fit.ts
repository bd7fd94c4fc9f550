/** The order of growth, as an exponent. */

/**
 * The exponent b of value = a * size^b, by least squares on logarithms: 0 is constant, 1 linear, 2 quadratic.
 *
 * @throws RangeError with fewer than two sizes, or a value that has no logarithm
 */
export function exponentOf(points: readonly (readonly [size: number, value: number])[]): number {
  if (new Set(points.map(([size]) => size)).size < 2) throw new RangeError("Expected `points` of two sizes at least");
  const logs = points.map(([size, value]) => {
    if (!(size > 0 && value > 0)) throw new RangeError(`Expected sizes and values > 0, got ${size} and ${value}`);
    return [Math.log(size), Math.log(value)] as const;
  });
  const meanX = logs.reduce((sum, [x]) => sum + x, 0) / logs.length;
  const meanY = logs.reduce((sum, [, y]) => sum + y, 0) / logs.length;
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return covariance / variance;
}
