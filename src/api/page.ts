/** How lists are paged: `limit`, and `cursor` as the page before gave it. */
import * as z from "zod";
import { invalid } from "./validation.ts";

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe("How many at most."),
  cursor: z.string().max(512).optional().describe("`next` of the page before; absent: the first page."),
});

/**
 * The number a cursor stands for.
 *
 * @throws ApiProblem for one that no page has given
 */
export function cursorOf(text: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) {
    throw invalid([{ parameter: "cursor", detail: "Expected `cursor` to be `next` of the page before" }]);
  }
  return value;
}
