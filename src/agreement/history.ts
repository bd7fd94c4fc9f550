/**
 * The overrides as they stood at an earlier revision: found by undoing the later ones, so that none has to be stored whole.
 */
import type { Override } from "./override.ts";
import type { Overrides } from "./overlay.ts";
import type { EntryChange, Revision } from "./revision.ts";

/**
 * What stood at an earlier revision.
 *
 * @param head  what stands now
 * @param later the revisions after the one asked for, newest first, without a gap
 */
export function undo(head: Overrides, later: readonly Pick<Revision, "changes">[]): Map<string, Override> {
  const overrides = new Map(head);
  for (const { changes } of later) {
    for (const { key, before } of changes as readonly EntryChange<Override>[]) {
      if (before === null) overrides.delete(key);
      else overrides.set(key, before);
    }
  }
  return overrides;
}

/** What has to change to get from one state to another. */
export function difference(from: Overrides, to: Overrides): EntryChange<Override>[] {
  const keys = [...new Set([...from.keys(), ...to.keys()])].toSorted((a, b) => (a < b ? -1 : 1));
  return keys.flatMap((key) => {
    const before = from.get(key) ?? null;
    const after = to.get(key) ?? null;
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ key, before, after }];
  });
}
