/**
 * A section of the view: a keyed map in which every entry knows the version that last changed it, so that what a caller
 * misses is read off the map without keeping a history.
 *
 * Removed entries stay as tombstones (`value` null) until there are too many; the section's floor then rises above the
 * oldest, and a caller below the floor gets the whole section.
 */

interface Entry<Value> {
  readonly version: number;
  readonly value: Value | null;
}

export interface SectionState<Value> {
  version: number;
  /** The oldest version from which a delta can be given; 0 as long as nothing was forgotten. */
  floor: number;
  readonly entries: Map<string, Entry<Value>>;
  tombstones: number;
}

/** What changed between two versions. `from` null: the whole section, replacing whatever the receiver had. */
export interface SectionDelta<Value> {
  readonly from: number | null;
  readonly to: number;
  readonly entries: readonly SectionChange<Value>[];
}

export interface SectionChange<Value> {
  readonly key: string;
  /** The version that brought it. */
  readonly version: number;
  /** null: removed. */
  readonly value: Value | null;
}

/** Tombstones kept before the floor rises: deltas from before them give way to the whole section. */
export const MAX_TOMBSTONES = 1_000;

export function emptySection<Value>(): SectionState<Value> {
  return { version: 0, floor: 0, entries: new Map(), tombstones: 0 };
}

/**
 * Makes one change, which takes the section to its next version.
 *
 * @returns the delta that takes a receiver from the version before
 */
export function change<Value>(
  section: SectionState<Value>,
  entries: readonly { readonly key: string; readonly value: Value | null }[],
): SectionDelta<Value> {
  const from = section.version;
  const to = from + 1;
  const delta: SectionDelta<Value> = {
    from,
    to,
    entries: entries.map(({ key, value }) => ({ key, version: to, value })),
  };
  applyDelta(section, delta);
  return delta;
}

/**
 * What a caller that has `have` is missing, or null when it is nothing.
 *
 * @param have the caller's version, 0 for none; a caller may be ahead (of a hub that has just started): it gets nothing
 */
export function deltaSince<Value>(section: SectionState<Value>, have: number): SectionDelta<Value> | null {
  if (have >= section.version) return null;
  // A caller from 0 has nothing to forget: tombstones are of no use to it.
  const whole = have === 0 || have < section.floor;
  const entries: SectionChange<Value>[] = [];
  for (const [key, entry] of section.entries) {
    if (whole ? entry.value !== null : entry.version > have)
      entries.push({ key, version: entry.version, value: entry.value });
  }
  return { from: whole ? null : have, to: section.version, entries };
}

/**
 * Takes a delta in, if it starts at or before what the section has and ends after it.
 *
 * Deltas that arrive twice, late or out of order change nothing: an entry is only ever replaced by a later version.
 *
 * @returns whether the section has at least the delta's version now; false means: ask for the whole section
 */
export function applyDelta<Value>(section: SectionState<Value>, delta: SectionDelta<Value>): boolean {
  if (delta.from === null) return replace(section, delta);
  if (delta.to <= section.version) return true;
  if (delta.from > section.version) return false;
  for (const { key, version, value } of delta.entries) put(section, key, { version, value });
  section.version = delta.to;
  if (section.tombstones > MAX_TOMBSTONES) forgetTombstones(section);
  return true;
}

function replace<Value>(section: SectionState<Value>, delta: SectionDelta<Value>): boolean {
  if (delta.to <= section.version) return true;
  section.entries.clear();
  section.tombstones = 0;
  for (const { key, version, value } of delta.entries) put(section, key, { version, value });
  section.version = delta.to;
  // What was removed before is not known here, so nobody can be taken from an earlier version by a delta.
  section.floor = delta.to;
  return true;
}

function put<Value>(section: SectionState<Value>, key: string, entry: Entry<Value>): void {
  const before = section.entries.get(key);
  if (before !== undefined && before.version >= entry.version) return;
  if (before?.value === null) section.tombstones--;
  if (entry.value === null) section.tombstones++;
  section.entries.set(key, entry);
}

function forgetTombstones<Value>(section: SectionState<Value>): void {
  for (const [key, entry] of section.entries) if (entry.value === null) section.entries.delete(key);
  section.tombstones = 0;
  section.floor = section.version;
}
