/** What a service may say about caching: rules, keys, lifetimes, and the memory it may take. */
import { about } from "#about";
import * as z from "zod";
import { fieldNameSchema } from "./header.ts";
import { starredPathSchema } from "./path-pattern.ts";

const seconds = () => z.int().min(0).max(31_536_000);

const queryKeySchema = z.union([
  z.enum(["all", "none"]),
  z.strictObject({
    include: z.array(z.string().min(1)).min(1).meta(about('Only these parameters count; "utm_*" is a prefix.')),
  }),
  z.strictObject({
    exclude: z.array(z.string().min(1)).min(1).meta(about('All but these count; "utm_*" is a prefix.')),
  }),
]);

const keySchema = z.strictObject({
  query: queryKeySchema.default("all").meta(about("Which query parameters tell one stored answer from another.")),
  sortQuery: z
    .boolean()
    .default(false)
    .meta(about("Treat `?a=1&b=2` and `?b=2&a=1` as one. The origin still sees the client's order.")),
  headers: z
    .array(fieldNameSchema)
    .default([])
    .meta(about("Request fields whose values are part of the key, whatever `Vary` says.")),
  cookies: z.array(z.string().min(1)).default([]).meta(about("Cookies whose values are part of the key.")),
  country: z.boolean().default(false).meta(about("One stored answer per client country.")),
  device: z
    .boolean()
    .default(false)
    .meta(about("One stored answer per kind of device: mobile, tablet or desktop, by `User-Agent`.")),
});

const matchSchema = z.strictObject({
  paths: z
    .array(starredPathSchema)
    .min(1)
    .default(["/*"])
    .meta(about('Paths the rule is for; "*" stands for any run of characters.')),
  methods: z
    .array(z.enum(["GET", "HEAD"]))
    .min(1)
    .default(["GET", "HEAD"])
    .meta(about("Methods the rule is for. Other methods are never answered from the store.")),
  hosts: z
    .array(z.string().min(1))
    .default([])
    .meta(about('Hosts the rule is for, exact or "*.example.com". Empty: all the service answers.')),
});

const statusTtlsSchema = z
  .record(z.string().regex(/^[2-5]\d\d$/, "a status from 200 to 599"), seconds())
  .refine((ttls) => !("206" in ttls) && !("304" in ttls), "without 206 and 304, which are parts of other answers");

const ruleSchema = z
  .strictObject({
    match: matchSchema.prefault({}).meta(about("Which requests the rule is for; the first that matches applies.")),
    mode: z
      .enum(["standard", "force", "bypass"])
      .default("standard")
      .meta(
        about(
          "`standard` obeys the origin as RFC 9111 asks of a shared cache; `force` replaces the origin's and the client's say on lifetimes by the rule's; `bypass` leaves the cache out. None of them shares what is private.",
        ),
      ),
    ttlSeconds: seconds()
      .optional()
      .meta(about("Lifetime of answers whose origin states none (`standard`), or of all (`force`), in seconds.")),
    browserTtlSeconds: seconds()
      .optional()
      .meta(about("How long clients may keep an answer, in seconds. Without it: what the origin says.")),
    staleWhileRevalidateSeconds: seconds()
      .optional()
      .meta(
        about("How long a stale answer is served while it is refreshed, where the origin does not say, in seconds."),
      ),
    staleIfErrorSeconds: seconds()
      .default(86_400)
      .meta(
        about(
          "How long a stale answer is served while origins fail, where the origin neither says nor forbids, in seconds.",
        ),
      ),
    key: keySchema.prefault({}).meta(about("What tells one stored answer from another, besides `Vary`.")),
    tagsFrom: z
      .array(fieldNameSchema)
      .default(["Cache-Tag", "Surrogate-Key"])
      .meta(about("Response fields whose words are purge tags; they are not sent to clients.")),
    cacheStatuses: statusTtlsSchema
      .default({})
      .meta(about("Lifetimes by status, in seconds, used as `ttlSeconds` is and before it. 0: do not store.")),
    maxObjectBytes: z.int().min(0).default(104_857_600).meta(about("Largest body that is stored, in bytes.")),
    authenticated: z
      .enum(["never", "rfc"])
      .default("rfc")
      .meta(
        about(
          "Answers to requests with `Authorization`: `never` stored or served from the store, or shared where the origin says so (`rfc`: public, s-maxage or must-revalidate).",
        ),
      ),
    ignoreCookies: z
      .boolean()
      .default(false)
      .meta(
        about(
          "The answers do not depend on the request's cookies, so `ttlSeconds` and `force` may also store those that were asked for with cookies.",
        ),
      ),
  })
  .meta(about("How answers to some requests are stored."));

const memorySchema = z.strictObject({
  maxBytes: z
    .int()
    .min(0)
    .max(67_108_864)
    .default(16_777_216)
    .meta(about("Memory for stored answers per isolate and service, in bytes.")),
  maxObjectBytes: z
    .int()
    .min(0)
    .max(1_048_576)
    .default(65_536)
    .meta(about("Largest body kept in memory and shared between requests that wait for it, in bytes.")),
});

export const cacheSchema = z.strictObject({
  rules: z
    .array(ruleSchema)
    .default([])
    .meta(about("Cache rules; the first whose `match` fits applies. Without one nothing is stored.")),
  memory: memorySchema.prefault({}).meta(about("The store in each isolate's memory.")),
  collapse: z.boolean().default(true).meta(about("Requests for the same missing answer wait for one fetch.")),
  purgeMethod: z
    .boolean()
    .default(false)
    .meta(about("Accept `PURGE <url>` with an API token. Otherwise the method goes to the origin.")),
  withoutLease: z
    .enum(["miss", "serve"])
    .default("miss")
    .meta(
      about(
        "What an isolate does that has not heard of the latest purges for 300 ms: take stored answers as missing, or serve them.",
      ),
    ),
});

export type CacheConfig = z.output<typeof cacheSchema>;
export type CacheRule = z.output<typeof ruleSchema>;
export type CacheKeyRule = z.output<typeof keySchema>;
