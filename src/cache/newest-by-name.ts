/** The newest of the marks that come to one name: several do where a service's keys do not tell their URLs apart. */
import type { PurgeMark } from "../agreement/purge-mark.ts";
import type { SectionChange } from "../agreement/section.ts";

/** A mark in force. */
export type StandingMark = SectionChange<PurgeMark> & { readonly value: PurgeMark };

export class NewestByName {
  /** No mark here is of a later epoch; what was stored later need not be looked up. */
  newestEpoch = 0;
  readonly #newest = new Map<string | number, StandingMark>();
  /** By name, then by the mark's key, where there is more than one. */
  readonly #several = new Map<string | number, Map<string, StandingMark>>();

  /** Whether something of that name was purged after `epoch`. */
  isAfter(name: string | number, epoch: number): boolean {
    if (this.newestEpoch <= epoch) return false;
    const mark = this.#newest.get(name);
    return mark !== undefined && mark.value.epoch > epoch;
  }

  /** Adds a mark, in place of the one with its key if there is one. */
  put(name: string | number, mark: StandingMark): void {
    this.newestEpoch = Math.max(this.newestEpoch, mark.value.epoch);
    const newest = this.#newest.get(name);
    const known = this.#several.get(name);
    // Set in place: to delete and add again makes a large Map move house every now and then.
    if (newest === undefined || (newest.key === mark.key && known === undefined)) {
      this.#newest.set(name, mark);
      return;
    }
    const several = known ?? new Map([[newest.key, newest]]);
    several.set(mark.key, mark);
    this.#several.set(name, several);
    if (mark.value.epoch >= newest.value.epoch) this.#newest.set(name, mark);
    else if (newest.key === mark.key) this.#newest.set(name, newestOf(several.values()));
  }

  remove(name: string | number, key: string): void {
    const several = this.#several.get(name);
    const isNewest = this.#newest.get(name)?.key === key;
    if (several === undefined) {
      if (isNewest) this.#newest.delete(name);
      return;
    }
    several.delete(key);
    if (isNewest) this.#newest.set(name, newestOf(several.values()));
    if (several.size === 1) this.#several.delete(name);
  }
}

/** @param marks one at least */
function newestOf(marks: Iterable<StandingMark>): StandingMark {
  let newest: StandingMark | undefined;
  for (const mark of marks) if (newest === undefined || mark.value.epoch > newest.value.epoch) newest = mark;
  return newest!;
}
