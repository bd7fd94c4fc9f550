/** Which statuses the patterns of a configuration mean; apart from their schema, so that the request path does not load it. */
import type { StatusPattern } from "./status.ts";

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
