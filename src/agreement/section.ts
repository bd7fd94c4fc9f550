/**
 * A section of the view: a keyed map in which every entry knows the version that last changed it, and the same entries in
 * the order of their versions, so that what a caller misses is read off the end at the price of what it is.
 *
 * Removed entries stay as tombstones (`value` null) until there are too many; the section's floor then rises above the
 * oldest, and a caller below the floor gets the whole section.
 */

export interface SectionState<Value> {
  version: number;
  /** The oldest version from which a delta can be given; 0 as long as nothing was forgotten. */
  floor: number;
  readonly entries: Map<string, SectionChange<Value>>;
  /** The entries by version, and among them still those in `replaced`. */
  inOrder: SectionChange<Value>[];
  /** What others have replaced since, or what was forgotten. */
  readonly replaced: Set<SectionChange<Value>>;
  tombstones: number;
}

/** What changed between two versions. `from` null: the whole section, replacing whatever the receiver had. */
export interface SectionDelta<Value> {
  readonly from: number | null;
  readonly to: number;
  /** In the order of their versions. A sender of the release before may send them in another. */
  readonly entries: readonly SectionChange<Value>[];
}

/** An entry as it is kept and as it travels: never changed, only replaced. */
export interface SectionChange<Value> {
  readonly key: string;
  /** The version that brought it. */
  readonly version: number;
  /** null: removed. */
  readonly value: Value | null;
}

/** Tombstones kept before the floor rises above the older half: deltas from before it give way to the whole section. */
export const MAX_TOMBSTONES = 1_000;

/** Replaced entries in a small section that are not worth tidying up after. */
const MIN_REPLACED = 64;

export function emptySection<Value>(): SectionState<Value> {
  return { version: 0, floor: 0, entries: new Map(), inOrder: [], replaced: new Set(), tombstones: 0 };
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
 * What a caller that has `have` is missing, or null when it is nothing. Costs as much as was changed since, however long
 * the section is.
 *
 * @param have the caller's version, 0 for none; a caller may be ahead (of a hub that has just started): it gets nothing
 */
export function deltaSince<Value>(section: SectionState<Value>, have: number): SectionDelta<Value> | null {
  if (have >= section.version) return null;
  // A caller from 0 has nothing to forget: tombstones are of no use to it.
  if (have === 0 || have < section.floor) return { from: null, to: section.version, entries: standing(section) };
  const { inOrder, replaced } = section;
  let start = inOrder.length;
  while (start > 0 && inOrder[start - 1]!.version > have) start--;
  const missing = inOrder.slice(start);
  return { from: have, to: section.version, entries: without(replaced, missing) };
}

function standing<Value>(section: SectionState<Value>): SectionChange<Value>[] {
  tidy(section);
  return section.tombstones === 0 ? section.inOrder.slice() : section.inOrder.filter(({ value }) => value !== null);
}

function without<Entry>(gone: ReadonlySet<Entry>, entries: Entry[]): Entry[] {
  return gone.size === 0 ? entries : entries.filter((entry) => !gone.has(entry));
}

/**
 * Takes a delta in, if it starts at or before what the section has and ends after it.
 *
 * Deltas that arrive twice, late or out of order change nothing: an entry is only ever replaced by a later version.
 *
 * @returns whether the section has at least the delta's version now; false means: ask for the whole section
 */
export function applyDelta<Value>(section: SectionState<Value>, delta: SectionDelta<Value>): boolean {
  if (delta.to <= section.version) return true;
  if (delta.from === null) clear(section, delta.to);
  else if (delta.from > section.version) return false;
  const had = delta.from === null ? -1 : section.version;
  for (const entry of byVersion(delta.entries)) if (entry.version > had) put(section, entry);
  section.version = delta.to;
  // Half as many replaced ones as standing ones: to tidy then costs three looks a change, whatever the length.
  if (section.replaced.size > section.entries.size / 2 + MIN_REPLACED) tidy(section);
  if (section.tombstones > MAX_TOMBSTONES) forgetTombstones(section);
  return true;
}

/** @param to the version of what replaces everything: what was removed before it is not known here, so that is the floor */
function clear<Value>(section: SectionState<Value>, to: number): void {
  section.entries.clear();
  section.inOrder = [];
  section.replaced.clear();
  section.tombstones = 0;
  section.floor = to;
}

function byVersion<Value>(entries: readonly SectionChange<Value>[]): readonly SectionChange<Value>[] {
  const isInOrder = entries.every(({ version }, index) => index === 0 || entries[index - 1]!.version <= version);
  return isInOrder ? entries : entries.toSorted((a, b) => a.version - b.version);
}

function put<Value>(section: SectionState<Value>, entry: SectionChange<Value>): void {
  const before = section.entries.get(entry.key);
  if (before !== undefined && before.version >= entry.version) return;
  if (before !== undefined) section.replaced.add(before);
  if (before?.value === null) section.tombstones--;
  if (entry.value === null) section.tombstones++;
  section.entries.set(entry.key, entry);
  section.inOrder.push(entry);
}

/** The oldest, so that who was up to date lately still gets a delta; never those of the version that has just come. */
function forgetTombstones<Value>(section: SectionState<Value>): void {
  for (const entry of section.inOrder) {
    if (section.tombstones <= MAX_TOMBSTONES / 2 || entry.version === section.version) break;
    if (entry.value !== null || section.replaced.has(entry)) continue;
    section.entries.delete(entry.key);
    section.replaced.add(entry);
    section.tombstones--;
    section.floor = entry.version;
  }
  tidy(section);
}

/** Lets go of what others have replaced. */
function tidy<Value>(section: SectionState<Value>): void {
  section.inOrder = without(section.replaced, section.inOrder);
  section.replaced.clear();
}
