/** Random exchanges for property tests and figures, and an independent reading of which answers are personal. */
import fc from "fast-check";
import type { AskedWith } from "../../src/cache/storable.ts";
import type { CacheRule } from "../../src/config/cache.ts";
import { rule } from "./support.ts";

export interface RandomExchange {
  readonly asked: AskedWith;
  readonly status: number;
  readonly response: Record<string, string>;
  readonly rule: CacheRule;
}

const DIRECTIVES = [
  "private",
  "PRIVATE",
  'private="x-user"',
  'private=""',
  "no-store",
  "no-cache",
  'no-cache="set-cookie"',
  "public",
  "max-age=60",
  "max-age=0",
  "max-age=x",
  "s-maxage=60",
  "s-maxage=0",
  "s-maxage",
  "must-revalidate",
  "must-understand",
  "immutable",
  "stale-while-revalidate=60",
  "stale-if-error=60",
  'foo="private, no-store',
  'foo="bar"',
  "",
];

const control = fc.array(fc.constantFrom(...DIRECTIVES), { maxLength: 4 }).map((list) => list.join(", "));

const response = fc.record(
  {
    "cache-control": control,
    "cdn-cache-control": fc.oneof(control, fc.constantFrom("max-age=60", "private", "no-store", "max-age=60, private")),
    "set-cookie": fc.constantFrom("sid=1", "a=b; Path=/"),
    expires: fc.constantFrom("0", "Thu, 18 Aug 2050 02:01:18 GMT"),
    "last-modified": fc.constant("Thu, 18 Aug 2022 02:01:18 GMT"),
    etag: fc.constant('"a"'),
    vary: fc.constantFrom("*", "cookie", "accept-encoding"),
  },
  { requiredKeys: [] },
);

const asked: fc.Arbitrary<AskedWith> = fc.record({
  method: fc.constantFrom("GET", "GET", "GET", "POST", "HEAD"),
  authorized: fc.boolean(),
  cookied: fc.boolean(),
  noStore: fc.boolean(),
  locatesTarget: fc.boolean(),
});

/** Made once: a schema is slow beside what is tested. */
const RULES = ["standard", "force"].flatMap((mode) =>
  [{}, { ttlSeconds: 0 }, { ttlSeconds: 300 }, { cacheStatuses: { "200": 60 } }].flatMap((lifetime) =>
    ["never", "rfc"].map((authenticated) => rule({ mode, authenticated, ...lifetime })),
  ),
);

export function exchanges(): fc.Arbitrary<RandomExchange> {
  return fc.record({
    asked,
    status: fc.constantFrom(200, 200, 200, 203, 301, 404, 206, 500),
    response,
    rule: fc.constantFrom(...RULES),
  });
}

/**
 * Whether an answer is for its requester alone, read from the raw text and more strictly than the cache needs to: by
 * words, so that no parser is shared with what is tested.
 */
export function isPersonal(asked: AskedWith, response: Record<string, string>, rule: CacheRule): boolean {
  const { governing, isTargeted } = governed(response);
  const says = (pattern: RegExp) => pattern.test(governing);
  const permits = says(/(?:^|[\s,])public(?:$|[\s,])/i) || says(/(?:^|[\s,])s-maxage=[1-9]/i);
  if (says(/(?:^|[\s,"])private(?:$|[\s,]|="")/i)) return true;
  if (says(/(?:^|[\s,"])no-store/i) && rule.mode !== "force" && !says(/must-understand/i)) return true;
  if (asked.authorized && (rule.authenticated === "never" || !(permits || says(/must-revalidate/i)))) return true;
  const states = permits || says(/(?:^|[\s,])max-age=[1-9]/i) || response["expires"] !== undefined;
  if ("set-cookie" in response && !permits && !(isTargeted && says(/max-age=[1-9]/))) return true;
  return asked.cookied && !rule.ignoreCookies && !states;
}

/** The field that governs: the targeted one where every member of it is plainly valid. */
function governed(response: Record<string, string>): { governing: string; isTargeted: boolean } {
  const targeted = response["cdn-cache-control"];
  const member = /^(?:[a-z-]+|[a-z-]+=\d+|[a-z-]+="[a-z-]+")$/i;
  const isValid =
    targeted !== undefined &&
    targeted.split(", ").every((part) => member.test(part) && !/^(?:s-maxage|max-age)$/i.test(part));
  return isValid
    ? { governing: targeted, isTargeted: true }
    : { governing: response["cache-control"] ?? "", isTargeted: false };
}
