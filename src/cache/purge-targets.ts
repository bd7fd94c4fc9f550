/** What operators name when they purge, brought into the form in which stored answers are named. */
import type { PurgeMark } from "../agreement/purge-mark.ts";
import { withoutRootDot } from "../config/host.ts";
import { withoutScheme } from "./key.ts";

/** What is to be purged, each as an operator writes it. */
export interface PurgeTargets {
  /** Absolute, with scheme. Both schemes are meant: what differs between them is seldom wanted. */
  readonly urls: readonly string[];
  readonly tags: readonly string[];
  /** Host and path, a scheme before them is ignored. */
  readonly prefixes: readonly string[];
  readonly hosts: readonly string[];
  readonly everything: boolean;
  readonly soft: boolean;
  /** Only answers stored for this service; null: any. */
  readonly service: string | null;
}

export type Mark = Omit<PurgeMark, "epoch">;

/** The marks of a purge, without repeats. */
export function marksOf({ urls, tags, prefixes, hosts, everything, soft, service }: PurgeTargets): Mark[] {
  const marks = (kind: PurgeMark["kind"], values: readonly string[], named: (value: string) => string) =>
    [...new Set(values.map(named))].map((value): Mark => ({ kind, service, value, soft }));
  return [
    ...marks("url", urls, placeOf),
    ...marks("tag", tags, lowerCase),
    ...marks("prefix", prefixes, placeOf),
    ...marks("host", hosts, (host) => withoutRootDot(asciiHost(lowerCase(host)))),
    ...marks("everything", everything ? [""] : [], lowerCase),
  ];
}

/** A URL, with or without scheme, as stored answers name theirs. */
function placeOf(url: string): string {
  const place = withoutScheme(/^https?:\/\//i.test(url) ? url : `://${url}`);
  const pathAt = place.search(/[/?]|$/);
  const target = escaped(place.slice(pathAt));
  return asciiHost(place.slice(0, pathAt)) + (target.startsWith("/") ? target : `/${target}`);
}

/** As browsers send what is typed (WHATWG URL, path percent-encode set): no request has such a character itself. */
function escaped(target: string): string {
  return target.replaceAll(/[^!#-;=?-~]+/g, (run) => encodeURIComponent(run.toWellFormed()));
}

/** An international name as requests have it, in Punycode; anything else as it is. */
function asciiHost(host: string): string {
  return /[^\0-\x7f]/.test(host) && URL.canParse(`http://${host}`) ? new URL(`http://${host}`).host : host;
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}
