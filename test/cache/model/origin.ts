/** What the modelled caches stand in front of: objects that change, and what readers have been promised about each. */
import type { PurgeMark } from "../../../src/agreement/purge-mark.ts";

export interface Thing {
  readonly index: number;
  readonly service: string;
  readonly url: string;
  readonly target: string;
  readonly tags: readonly string[];
  readonly cacheControl: string;
  /** What the origin has. */
  version: number;
  /** No reader may get less: a purge since was confirmed. */
  promised: number;
}

const LIFETIMES = [
  "max-age=2",
  "max-age=60",
  "max-age=600",
  "max-age=600",
  "max-age=5, stale-while-revalidate=600",
  "max-age=10, stale-if-error=600",
];

/** Things of two services on three hosts, in two directories, some of them one path with several queries. */
export function makeThings(count: number): Thing[] {
  return Array.from({ length: count }, (_, index) => {
    const target = `h${index % 3}.test/${index % 2 === 0 ? "even" : "odd"}/${index >> 1}?v=${index % 4}`;
    return {
      index,
      service: index % 5 === 0 ? "blog" : "shop",
      url: `https://${target}`,
      target,
      tags: [`seven-${index % 7}`, `thing-${index}`],
      cacheControl: LIFETIMES[index % LIFETIMES.length]!,
      version: 1,
      promised: 1,
    };
  });
}

/** A purge that includes a thing, of any kind there is. */
export function purgeOf(thing: Thing, random: () => number): Omit<PurgeMark, "epoch"> {
  const service = random() < 0.3 ? thing.service : null;
  const hard = { service, soft: false };
  const kind = random();
  if (kind < 0.35) return { kind: "tag", value: thing.tags[random() < 0.5 ? 0 : 1]!, ...hard };
  if (kind < 0.75) return { kind: "url", value: thing.target, ...hard };
  if (kind < 0.9) return { kind: "prefix", value: thing.target.slice(0, thing.target.lastIndexOf("/") + 1), ...hard };
  if (kind < 0.98) return { kind: "host", value: thing.target.split("/", 1)[0]!, ...hard };
  return { kind: "everything", value: "", ...hard };
}

/** Whether a purge is about a thing, read off the words of the interface and not off the code that is tested. */
export function isAbout(mark: Omit<PurgeMark, "epoch">, thing: Thing): boolean {
  if (mark.service !== null && mark.service !== thing.service) return false;
  switch (mark.kind) {
    case "tag":
      return thing.tags.includes(mark.value);
    case "url":
      return thing.target === mark.value;
    case "prefix":
      return thing.target.startsWith(mark.value);
    case "host":
      return thing.target.startsWith(`${mark.value}/`);
    default:
      return true;
  }
}
