/** One service's purges by what they name: asked about stored answers, and kept up by what each new purge changes. */
import { purgeOf, type Purge, type PurgeMark } from "../agreement/purge-mark.ts";
import { deltaSince, type SectionChange, type SectionState } from "../agreement/section.ts";
import { NewestByName, type StandingMark } from "./newest-by-name.ts";
import { bucketNamed, bucketOf, hostOf, pathOf, seedOf } from "./purge-fold.ts";
import type { StoredResponse } from "./stored-response.ts";

/** Reduces a URL without scheme as the service's keys do, so that a purge finds what such a URL is stored under. */
export type TargetOf = (target: string) => string;

/** What purges look at in a stored response. */
export type PurgeMeta = Pick<StoredResponse, "target" | "epoch" | "tags">;

/** Marks that are all hard, or all soft. */
class Marks {
  readonly everything = new NewestByName();
  readonly url = new NewestByName();
  readonly host = new NewestByName();
  readonly tag = new NewestByName();
  readonly hash = new NewestByName();
  /** Apart by length, so that a target is looked up as often as there are lengths. */
  readonly prefixes: { readonly length: number; readonly names: NewestByName }[] = [];
}

/** Where hashes of what one scope, a service or all of them, purged begin. */
interface Seeds {
  readonly url: number;
  readonly host: number;
  readonly tag: number;
}

export class PurgeIndex {
  /** The latest epoch taken in; what is fetched now is stored under it. */
  head = 0;
  readonly #service: string;
  readonly #targetOf: TargetOf;
  readonly #seeds: readonly Seeds[];
  #hard = new Marks();
  #soft = new Marks();

  /** @param targetOf the service's reduction of URLs */
  constructor(service: string, targetOf: TargetOf) {
    this.#service = service;
    this.#targetOf = targetOf;
    this.#seeds = [null, service].map((scope) => ({
      url: seedOf("url", scope),
      host: seedOf("host", scope),
      tag: seedOf("tag", scope),
    }));
  }

  /**
   * Takes in what has changed since the last time; costs a comparison when nothing has.
   *
   * @param section the same one every time, its keys made by `purgeKey`
   */
  update(section: SectionState<PurgeMark>): void {
    if (section.version === this.head) return;
    const delta = deltaSince(section, this.head);
    if (delta === null) return;
    if (delta.from === null) {
      this.#hard = new Marks();
      this.#soft = new Marks();
    }
    for (const change of delta.entries) this.#take(change);
    this.head = delta.to;
  }

  /** Whether a stored response has been purged, by a purge of this kind, after the epoch `since`. */
  isPurged(meta: PurgeMeta, since: number, how: "hard" | "soft"): boolean {
    const { everything, url, host, tag, hash, prefixes } = how === "hard" ? this.#hard : this.#soft;
    const { target, tags } = meta;
    if (everything.isAfter("", since) || url.isAfter(target, since)) return true;
    if (host.newestEpoch > since && host.isAfter(hostOf(target), since)) return true;
    if (tag.newestEpoch > since) for (const name of tags) if (tag.isAfter(name, since)) return true;
    for (const { length, names } of prefixes)
      if (names.newestEpoch > since && length <= target.length && names.isAfter(target.slice(0, length), since))
        return true;
    return hash.newestEpoch > since && this.#isFolded(meta, since, hash);
  }

  #isFolded({ target, tags }: PurgeMeta, since: number, hash: NewestByName): boolean {
    const path = pathOf(target);
    const host = hostOf(target);
    for (const seeds of this.#seeds) {
      if (hash.isAfter(bucketOf(path, seeds.url), since) || hash.isAfter(bucketOf(host, seeds.host), since))
        return true;
      for (const name of tags) if (hash.isAfter(bucketOf(name, seeds.tag), since)) return true;
    }
    return false;
  }

  #take(change: SectionChange<PurgeMark>): void {
    const about = change.value ?? purgeOf(change.key);
    if (about.service !== null && about.service !== this.#service) return;
    const names = namesFor(about, about.soft ? this.#soft : this.#hard);
    const name = this.#nameOf(about);
    if (isStanding(change)) names.put(name, change);
    else names.remove(name, change.key);
  }

  #nameOf({ kind, value }: Purge): string | number {
    if (kind === "url") return this.#targetOf(value);
    return kind === "hash" ? bucketNamed(value) : value;
  }
}

function isStanding(change: SectionChange<PurgeMark>): change is StandingMark {
  return change.value !== null;
}

function namesFor({ kind, value }: Purge, marks: Marks): NewestByName {
  if (kind !== "prefix") return marks[kind];
  const { length } = value;
  const known = marks.prefixes.find((prefixes) => prefixes.length === length);
  if (known !== undefined) return known.names;
  const names = new NewestByName();
  marks.prefixes.push({ length, names });
  return names;
}
