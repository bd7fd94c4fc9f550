/** How many units a request costs. */

/** What a cost may be read from. */
export interface FieldReader {
  header(name: string): string | null;
}

/**
 * Prepares the cost of a limit.
 *
 * @param cost   a number of units, or "header:<name>"
 * @param most   what a cost from a field counts as at most
 * @returns whole units, 1 to `most`; a field that is absent or senseless counts as 1
 */
export function costReader(cost: number | string, most: number): (facts: FieldReader) => number {
  if (typeof cost === "number") return () => cost;
  const name = cost.slice("header:".length);
  return (facts) => {
    const text = facts.header(name)?.trim() ?? "";
    // Digits only: no sign, no exponent, nothing that Number() would be generous about.
    if (!/^\d+$/.test(text)) return 1;
    return Math.max(1, Math.min(most, Number(text)));
  };
}
