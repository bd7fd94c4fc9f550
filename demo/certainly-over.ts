/** What can be said from outside of a limit that was broken. */

/** A request that was let in at some moment between the two, ms of one clock. */
export interface LetIn {
  readonly sentMs: number;
  readonly answeredMs: number;
}

/**
 * How many were let in over the limit beyond doubt: those sent and answered within one window were all let in within it.
 *
 * @param passed requests that were let in
 */
export function certainlyOver(passed: readonly LetIn[], limit: number, windowMs: number): number {
  const bySent = passed.toSorted((a, b) => a.sentMs - b.sentMs);
  let worst = 0;
  bySent.forEach(({ sentMs: fromMs }, first) => {
    let within = 0;
    for (let i = first; i < bySent.length && bySent[i]!.sentMs < fromMs + windowMs; i++)
      if (bySent[i]!.answeredMs < fromMs + windowMs) within++;
    worst = Math.max(worst, within - limit);
  });
  return worst;
}
