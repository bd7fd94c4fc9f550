/** What one purge writes to the log: its marks with their epoch, and what is folded so that the log stays short. */
import { purgeKey, type PurgeMark } from "../agreement/purge-mark.ts";
import type { SectionChange, SectionState } from "../agreement/section.ts";
import { foldMarks, isExact, MAX_EXACT_MARKS } from "./purge-fold.ts";

/** What is asked to be written; `value` null removes it. */
export interface AskedMark {
  readonly key: string;
  readonly value: Omit<PurgeMark, "epoch"> | null;
}

/** How short the log is kept. */
export interface LogLimits {
  readonly maxExact: number;
  /** Marks folded beyond what is necessary, so that not every purge folds. */
  readonly foldedAtOnce: number;
  /** Default: that of `foldMarks`. */
  readonly maxHashes?: number;
}

const LIMITS: LogLimits = { maxExact: MAX_EXACT_MARKS, foldedAtOnce: 500 };

/** The entries of the section's next version. Of two with one key the later counts. */
export function purgeEntries(
  section: SectionState<PurgeMark>,
  asked: readonly AskedMark[],
  limits: LogLimits = LIMITS,
): SectionChange<PurgeMark>[] {
  const epoch = section.version + 1;
  const written = asked.map(({ key, value }) => ({
    key,
    version: epoch,
    value: value === null ? null : { ...value, epoch },
  }));
  const isFull = exactMarks(section, limits.maxExact) + written.length > limits.maxExact;
  return isFull ? [...written, ...fold(section, written, epoch, limits)] : written;
}

/** How many marks stand word for word; not counted as long as they cannot be more than `enough`. */
function exactMarks({ entries }: SectionState<PurgeMark>, enough: number): number {
  if (entries.size < enough) return entries.size;
  let count = 0;
  for (const { value } of entries.values()) if (value !== null && isExact(value)) count += 1;
  return count;
}

function fold(
  section: SectionState<PurgeMark>,
  written: readonly SectionChange<PurgeMark>[],
  version: number,
  { maxExact, foldedAtOnce, maxHashes }: LogLimits,
): SectionChange<PurgeMark>[] {
  const marks = new Map<string, PurgeMark>();
  for (const [key, { value }] of section.entries) if (value !== null) marks.set(key, value);
  for (const { key, value } of written) {
    if (value === null) marks.delete(key);
    else marks.set(key, value);
  }
  const folding = foldMarks(marks.values(), maxExact - foldedAtOnce, maxHashes);
  if (folding === null) return [];
  const put = new Map(folding.put.map((mark) => [purgeKey(mark), mark]));
  return [
    ...folding.remove.map(purgeKey).flatMap((key) => (put.has(key) ? [] : [{ key, version, value: null }])),
    ...[...put].map(([key, mark]) => {
      const epoch = Math.max(mark.epoch, marks.get(key)?.epoch ?? 0);
      return { key, version, value: { ...mark, epoch } };
    }),
  ];
}
