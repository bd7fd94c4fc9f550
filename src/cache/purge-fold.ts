/** How the purge log stays short: its oldest exact marks become hashes, which purge more than was asked and never less. */
import type { PurgeMark } from "../agreement/purge-mark.ts";

/** Marks kept word for word. */
export const MAX_EXACT_MARKS = 10_000;
/** Hashes that older marks share; two of one hash purge each other's responses too. */
const BUCKETS = 65_536;
/** Beyond this many in use the older half becomes one purge of everything. */
const MAX_HASHES = 8192;

/** A change to the marks of a section: what leaves, and what takes its place. */
export interface Fold {
  readonly remove: readonly PurgeMark[];
  readonly put: readonly PurgeMark[];
}

/**
 * Folds the oldest marks until at most `maxExact` are left word for word. Folded marks keep their epochs. What a hash
 * cannot find again is widened: a URL to its path with every query, a prefix to its host; a soft purge becomes a hard one.
 *
 * @returns null when there is nothing to fold
 */
export function foldMarks(marks: Iterable<PurgeMark>, maxExact = MAX_EXACT_MARKS, maxHashes = MAX_HASHES): Fold | null {
  const all = [...marks];
  const exact = all.filter(isExact).toSorted((a, b) => a.epoch - b.epoch);
  const old = exact.slice(0, Math.max(0, exact.length - maxExact));
  if (old.length === 0) return null;
  const before = new Map(all.filter((mark) => mark.kind === "hash").map((mark) => [mark.value, mark]));
  const hashes = new Map(before);
  for (const mark of old) {
    const value = markHash(...widened(mark), mark.service);
    const epoch = Math.max(mark.epoch, hashes.get(value)?.epoch ?? 0);
    hashes.set(value, { kind: "hash", service: null, value, soft: false, epoch });
  }
  if (hashes.size > maxHashes) return { remove: [...old, ...before.values()], put: raiseFloor([...hashes.values()]) };
  return { remove: old, put: [...hashes.values()].filter((mark) => before.get(mark.value)?.epoch !== mark.epoch) };
}

/** Whether a mark is kept word for word and may be folded. Purges of everything are few (one a service) and stay. */
export function isExact({ kind }: PurgeMark): boolean {
  return kind !== "hash" && kind !== "everything";
}

/** The older half of the hashes as one purge of everything stored before its newest epoch. */
function raiseFloor(hashes: readonly PurgeMark[]): PurgeMark[] {
  const byEpoch = hashes.toSorted((a, b) => a.epoch - b.epoch);
  const { epoch } = byEpoch[Math.floor(byEpoch.length / 2)]!;
  return [
    { kind: "everything", service: null, value: "", soft: false, epoch },
    ...byEpoch.filter((mark) => mark.epoch > epoch),
  ];
}

/** The hash of something purged, as marks carry it; null service: of all services. */
export function markHash(kind: PurgeMark["kind"], value: string, service: string | null): string {
  return bucketOf(value, seedOf(kind, service)).toString(36);
}

/** The same as a number. @param seed that of the kind and the service of what is purged */
export function bucketOf(value: string, seed: number): number {
  return (fnv1a(value, seed) >>> 0) % BUCKETS;
}

/** Where hashes of one kind and service begin: the part of them that can be worked out once. */
export function seedOf(kind: PurgeMark["kind"], service: string | null): number {
  return fnv1a(`${kind} ${service ?? "*"} `);
}

/** The number of a hash as marks carry it. */
export function bucketNamed(hash: string): number {
  return Number.parseInt(hash, 36);
}

function widened(mark: PurgeMark): [PurgeMark["kind"], string] {
  if (mark.kind === "url") return ["url", pathOf(mark.value)];
  if (mark.kind === "prefix") return ["host", hostOf(mark.value)];
  return [mark.kind, mark.value];
}

/** A target's host and path, without its query. */
export function pathOf(target: string): string {
  const mark = target.indexOf("?");
  return mark === -1 ? target : target.slice(0, mark);
}

/** A target's host, without port. */
export function hostOf(target: string): string {
  let end = 0;
  while (end < target.length && !isHostEnd(target.charCodeAt(end))) end += 1;
  return target.slice(0, end).toLowerCase();
}

/** `/`, `?` or `:`. */
function isHostEnd(char: number): boolean {
  return char === 0x2f || char === 0x3f || char === 0x3a;
}

/** FNV-1a, 32 bits (draft-eastlake-fnv): the same in every version and every place. @returns signed */
function fnv1a(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash;
}
