/** How a configuration names HTTP statuses: one, a class (`"5xx"`) or ten at once (`"52x"`). */
import * as z from "zod";

export const statusPatternSchema = z.union([
  z.int().min(100).max(599),
  z.string().regex(/^[1-5](?:\dx|xx)$/, 'a status, a class such as "5xx", or ten at once such as "52x"'),
]);

export type StatusPattern = z.output<typeof statusPatternSchema>;
