/** Whether a stored response has been purged: its epoch against the purges in force, no clock involved. */
import type { PurgeMark } from "../agreement/purge-mark.ts";
import { hostOf, markHash, pathOf } from "./purge-fold.ts";
import type { StoredResponse } from "./stored-response.ts";

/**
 * `fresh`: not purged. `soft`: stale from now on, but good while the origin is asked and when it fails. `hard`: gone;
 * neither served nor validated.
 */
export type PurgeVerdict = "fresh" | "soft" | "hard";

/** What purges look at in a stored response. */
export type PurgeMeta = Pick<StoredResponse, "service" | "target" | "epoch" | "tags">;

/** Purges made quick to ask. */
export interface PurgeIndex {
  /** The latest epoch known; what is fetched now is stored under it. */
  readonly head: number;
  readonly hard: EpochsByName;
  readonly soft: EpochsByName;
}

interface EpochsByName {
  /** The latest epoch of each thing that can be looked up by name. */
  readonly exact: ReadonlyMap<string, number>;
  /** Newest first. */
  readonly prefixes: readonly PurgeMark[];
}

/** Reduces a URL without scheme as the service's keys do, so that a purge finds what such a URL is stored under. */
export type TargetOf = (target: string) => string;

/**
 * Builds the index of the marks in force.
 *
 * @param head     the version of the section the marks are from
 * @param targetOf the service's reduction of URLs
 */
export function indexPurges(head: number, marks: Iterable<PurgeMark>, targetOf: TargetOf): PurgeIndex {
  const all = [...marks];
  return {
    head,
    hard: epochsOf(
      all.filter((mark) => !mark.soft),
      targetOf,
    ),
    soft: epochsOf(
      all.filter((mark) => mark.soft),
      targetOf,
    ),
  };
}

/** Before anything was purged. */
export const NO_PURGES: PurgeIndex = indexPurges(0, [], (target) => target);

/** Judges a stored response by the purges known now. Call it after the last `await` before the response is used. */
export function purgeVerdict(meta: PurgeMeta, index: PurgeIndex): PurgeVerdict {
  if (meta.epoch >= index.head) return "fresh";
  if (isPurged(meta, index.hard)) return "hard";
  return isPurged(meta, index.soft) ? "soft" : "fresh";
}

function epochsOf(marks: readonly PurgeMark[], targetOf: TargetOf): EpochsByName {
  const exact = new Map<string, number>();
  for (const mark of marks) {
    if (mark.kind === "prefix") continue;
    const value = mark.kind === "url" ? targetOf(mark.value) : mark.value;
    const name = nameOf(mark.kind, value, mark.service);
    exact.set(name, Math.max(mark.epoch, exact.get(name) ?? 0));
  }
  const prefixes = marks.filter((mark) => mark.kind === "prefix").toSorted((a, b) => b.epoch - a.epoch);
  return { exact, prefixes };
}

function isPurged(meta: PurgeMeta, { exact, prefixes }: EpochsByName): boolean {
  for (const mark of prefixes) {
    if (mark.epoch <= meta.epoch) break;
    if ((mark.service === null || mark.service === meta.service) && meta.target.startsWith(mark.value)) return true;
  }
  if (exact.size === 0) return false;
  const isAfter = (kind: PurgeMark["kind"], value: string, service: string | null) =>
    (exact.get(nameOf(kind, value, service)) ?? -1) > meta.epoch;
  const names = [
    ["everything", "", ""],
    ["url", meta.target, pathOf(meta.target)],
    ["host", hostOf(meta.target), hostOf(meta.target)],
    ...meta.tags.map((tag) => ["tag", tag, tag] as const),
  ] as const;
  return names.some(([kind, value, folded]) =>
    [null, meta.service].some(
      (service) => isAfter(kind, value, service) || isAfter("hash", markHash(kind, folded, service), null),
    ),
  );
}

function nameOf(kind: string, value: string, service: string | null): string {
  return `${kind} ${service ?? ""} ${value}`;
}
