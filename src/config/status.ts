/** How a configuration names HTTP statuses: one, a class (`"5xx"`) or ten at once (`"52x"`). */
import * as z from "zod";

export const statusPatternSchema = z.union([
  z.int().min(100).max(599),
  z.string().regex(/^[1-5](?:\dx|xx)$/, 'a status, a class such as "5xx", or ten at once such as "52x"'),
]);

export type StatusPattern = z.output<typeof statusPatternSchema>;

/** Turns patterns into a question that costs one array read. */
export function statusMatcher(patterns: readonly StatusPattern[]): (status: number) => boolean {
  const matches = new Uint8Array(600);
  for (const pattern of patterns) {
    const text = String(pattern);
    const first = Number(text.replaceAll("x", "0"));
    matches.fill(1, first, Number(text.replaceAll("x", "9")) + 1);
  }
  return (status) => matches[status] === 1;
}
