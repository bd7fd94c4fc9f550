/** The pure rules that requests ask, as sides to measure. Steering's policies and rate limits' meters have topics of their own. */
import { claimOf } from "../../src/affinity/claim.ts";
import { cookieValues } from "../../src/affinity/cookie.ts";
import { isEnded } from "../../src/affinity/ended.ts";
import { homeOf, makeAtlas } from "../../src/affinity/places.ts";
import { beginSpan, prolonged } from "../../src/affinity/session.ts";
import { sessionKeyOf } from "../../src/affinity/session-key.ts";
import { holdsLease, noLease } from "../../src/agreement/lease.ts";
import { change, emptySection } from "../../src/agreement/section.ts";
import { revocationKey, type SessionRule } from "../../src/agreement/session-rule.ts";
import { browserCacheControl } from "../../src/cache/browser-ttl.ts";
import { requestDirectives } from "../../src/cache/cache-control.ts";
import { cacheStatusText } from "../../src/cache/cache-status.ts";
import { isNotModified } from "../../src/cache/conditional.ts";
import { policyOf } from "../../src/cache/freshness.ts";
import { compileKey, hasOtherCookies } from "../../src/cache/key.ts";
import { MemoryStore } from "../../src/cache/memory-store.ts";
import { PurgeIndex } from "../../src/cache/purge-index.ts";
import { purgeVerdict } from "../../src/cache/purge.ts";
import { answerRange, parseRange } from "../../src/cache/range.ts";
import { judgeReuse } from "../../src/cache/reuse.ts";
import { compileRules } from "../../src/cache/rule.ts";
import { selectionOf, selects } from "../../src/cache/vary.ts";
import { admits } from "../../src/health/ramp.ts";
import { accessList } from "../../src/proxy/access.ts";
import { addressOf, comparablePath } from "../../src/proxy/address.ts";
import { makeRouter } from "../../src/proxy/route.ts";
import { costReader } from "../../src/rate-limit/cost.ts";
import { policyItem, writeRateLimits } from "../../src/rate-limit/headers.ts";
import { keyReader } from "../../src/rate-limit/key.ts";
import { matcher } from "../../src/rate-limit/match.ts";
import { admitsLevel } from "../../src/rate-limit/priority.ts";
import { backoffMs } from "../../src/resilience/backoff.ts";
import { emptyBulkhead, enter, leave } from "../../src/resilience/concurrency.ts";
import { emptyHistogram, observeDuration, percentileMs } from "../../src/resilience/hedge.ts";
import { ejectsHere, localBreaker } from "../../src/resilience/local-breaker.ts";
import { countRequest, emptyBudget, takeRetry } from "../../src/resilience/retry-budget.ts";
import { retryRefusal } from "../../src/resilience/retry.ts";
import { nextCandidate } from "../../src/steering/candidates.ts";
import { hashOfKey } from "../../src/steering/hash-key.ts";
import { observeAttempt } from "../../src/steering/observe.ts";
import { ReportBook } from "../../src/view/report.ts";
import { prepareService } from "../../src/view/service-state.ts";
import { hubOf } from "../growth/scene.ts";
import { requests } from "../steering/scene.ts";
import { benchCacheRule, benchService, storedAt } from "./scene.ts";
import { side } from "./side.ts";
import type { Side } from "./harness.ts";

const T0 = 1_780_000_000_000;
const URL_TEXT = "https://shop.test/articles/42?page=2&sort=price";
const COOKIES = "theme=dark; fairlead=AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA; session=6d1f6e0a7b";

const FIELDS: Readonly<Record<string, string>> = {
  "accept-encoding": "gzip, deflate, br, zstd",
  cookie: COOKIES,
  "x-api-key": "4a8f1c2e9b7d",
  "x-user": "user-4711@example.com",
};

/** Names as the code writes them, in whatever case. */
function field(name: string): string | null {
  return FIELDS[name] ?? FIELDS[name.toLowerCase()] ?? null;
}

/** What requests ask, some of them more than once. */
export function requestRules(): Side[] {
  return [...arrival(), ...limits(), ...storedAnswers(), ...sessions(), ...attempts(), ...bookkeeping()];
}

function arrival(): Side[] {
  const may = accessList({ allow: [], deny: ["203.0.113.0/24", "2001:db8::/32"] });
  const services = Array.from({ length: 20 }, (_, index) => ({
    config: { hosts: [`shop-${index}.test`], paths: ["/api/*", "/*"] },
  }));
  const route = makeRouter(services);
  return [
    side("take a URL apart", () => addressOf(URL_TEXT).path),
    side("a path with escapes and dots, as rules compare it", () => comparablePath("/a/%7euser/../b%2fc/./d")),
    side("route among 20 services", () => route("shop-19.test", "/articles/42")),
    side("access by address, two ranges", () => may("198.51.100.7")),
  ];
}

function limits(): Side[] {
  const facts = {
    header: field,
    path: "/articles/42",
    target: "/articles/42?page=2",
    method: "GET",
    country: "DE",
    asn: 3320,
    clientAddress: "198.51.100.7",
    claim: () => null,
  };
  const byAddress = keyReader(["ip"]);
  const byNetwork = keyReader(["ip"]);
  const ofIpv6 = { ...facts, clientAddress: "2001:db8:1:2:3:4:5:6" };
  const byApiKeyAndPath = keyReader(["api-key+path", "ip"]);
  const counts = matcher({ paths: ["/articles/*"], methods: ["GET", "HEAD"], hosts: ["*.test"] });
  const cost = costReader("header:X-Cost", 100);
  const pressure = { load: 0.7, health: 0.9 };
  const policy = { name: "per-client", limit: 600, windowMs: 60_000, concurrent: false };
  const standing = { ...policy, policy: policyItem(policy), remaining: 412, resetMs: 31_000, legacyHeaders: true };
  const written = new Map<string, string>();
  return [
    side("whether a limit counts a request", () => counts("GET", "shop.test", "/articles/42")),
    side("key of a limit: IPv4 address", () => byAddress(facts)),
    side("key of a limit: network of an IPv6 address", () => byNetwork(ofIpv6)),
    side("key of a limit: API key and path", () => byApiKeyAndPath(facts)),
    side("cost of a request, from a field it has not", () => cost({ header: field })),
    side("whether a priority level is let in", () => admitsLevel("normal", pressure, 0.5)),
    side("the fields that tell a limit, legacy ones too", () => writeRateLimits([standing], written)),
  ];
}

function storedAnswers(): Side[] {
  const stored = { ...storedAt(T0), selection: selectionOf(["accept-encoding"], field) };
  const policy = policyOf(stored, benchCacheRule);
  const wishes = requestDirectives(null, null);
  const ruleFor = compileRules(benchService.cache);
  const keyOf = compileKey("shop", benchCacheRule.key);
  const request = { url: URL_TEXT, field, country: null };
  const memory = new MemoryStore<object>(1_000_000, 100_000);
  for (let page = 0; page < 100; page++)
    memory.put(keyOf({ ...request, url: `https://shop.test/articles/42?page=${page}&sort=price` }), {
      stored: page === 2 ? stored : storedAt(T0),
      body: new Uint8Array(100),
      derived: {},
    });
  const key = keyOf(request);
  const index = new PurgeIndex("shop", (target) => target);
  index.update(hubOf(0, 100_000).logged.purges);
  if (purgeVerdict(stored, index) !== "fresh") throw new Error("Expected a verdict that has to look at everything");
  const preconditions = { ifNoneMatch: '"33a64df5"', ifModifiedSince: null };
  const status = { hit: true, ttlSeconds: 280 };
  return [
    side("find a cache rule", () => ruleFor("GET", "shop.test", "/articles/42")),
    side("cache key", () => keyOf(request).primary),
    side("whether cookies are beyond the key", () => hasOtherCookies(COOKIES, benchCacheRule.key, "fairlead")),
    side("find an answer in memory, that varies by encoding", () => memory.find(key, field)),
    side("whether `Accept-Encoding` selects an answer", () => selects(stored.selection, null, field)),
    side("what a request's `Cache-Control` wishes", () => requestDirectives("max-age=0", null)),
    side("judge a reuse", () => judgeReuse(policy, wishes, false, T0 + 1_000)),
    side("purge verdict, 100 of 100,000 purges newer", () => purgeVerdict(stored, index, 99_900)),
    side("purge verdict, all of 100,000 purges newer", () => purgeVerdict(stored, index)),
    side("whether the client has it already", () => isNotModified(preconditions, stored.fields, T0, T0)),
    side("the bytes of a range", () => answerRange(parseRange("bytes=0-1023"), 100_000, null)),
    side("`Cache-Status` of a hit", () => cacheStatusText(status)),
    side("`Cache-Control` for browsers", () => browserCacheControl("public, max-age=300", 60, 20)),
  ];
}

function sessions(): Side[] {
  const state = prepareService("bench", benchService, undefined, Math.random);
  const atlas = makeAtlas(state);
  const lifetime = { ttlSeconds: 86_400, idleSeconds: 3_600, sliding: true };
  const session = { ...beginSpan(lifetime, T0), id: "0011223344556677", epoch: 3, places: ["origin:o"] };
  const rules = emptySection<SessionRule>();
  for (let nth = 0; nth < 1_000; nth++) {
    const ended = String(nth).padStart(16, "0");
    change(rules, [{ key: revocationKey(ended), value: { kind: "revocation", session: ended, expiresAtMs: T0 } }]);
  }
  const home = homeOf(atlas, session.places);
  const [request] = requests(1);
  const claims = { onUnavailable: "sticky", drainSeconds: 600 } as const;
  const facts = { headers: { get: field }, target: "/articles/42?page=2", clientAddress: "198.51.100.7" };
  return [
    side("find a session's cookie among three", () => cookieValues(COOKIES, "fairlead")),
    side("a session's key in a field", () => sessionKeyOf("header:x-user", facts)),
    side("whether a session was ended, 1,000 rules", () => isEnded(session, "shop", rules)),
    side("whether a session is to be prolonged", () => prolonged(lifetime, session, T0 + 60_000)),
    side("a session's home", () => homeOf(atlas, session.places)),
    side("what a session claims", () => claimOf(state, request!, home, claims, session.id, T0)),
  ];
}

function attempts(): Side[] {
  const state = prepareService("bench", benchService, undefined, Math.random);
  const asked = requests(64);
  const candidate = nextCandidate(state, asked[0]!, [], T0)!;
  const { retry } = benchService;
  const question = {
    method: "GET",
    failure: "connection",
    status: null,
    made: 1,
    leftMs: 5_000,
    replayable: true,
    deduplicated: false,
  } as const;
  const budget = emptyBudget();
  const histogram = emptyHistogram();
  const bulkhead = emptyBulkhead();
  const local = localBreaker(benchService.breaker);
  const facts = { headers: { get: field }, target: "/articles/42?page=2", clientAddress: "198.51.100.7" };
  let atMs = T0;
  let turn = 0;
  return [
    side("hash of a steering key in a cookie", () => hashOfKey("cookie:session", facts)),
    side("whether a recovering origin takes a request", () => admits("origin-7", asked[turn++ & 63]!.requestId, 0.3)),
    side("take a place at an origin, give it back", () => {
      enter(bulkhead, 10);
      leave(bulkhead);
    }),
    side("whether a result is a failure, and ejects", () => local.countsAsFailure(503) && ejectsHere(local, 503, 1)),
    side("what an attempt teaches", () => observeAttempt(state, candidate, true, 20 + (turn++ & 15), (atMs += 1))),
    side("whether to retry", () => retryRefusal(retry, question)),
    side("retry budget: count a request, take a retry", () => {
      countRequest(budget, (atMs += 1));
      return takeRetry(budget, retry.budget, 0, atMs);
    }),
    side("backoff", () => backoffMs(retry.backoff, 2, Math.random)),
    side("hedge: note a duration, ask the 95th percentile", () => {
      observeDuration(histogram, 10 + (turn++ & 63));
      return percentileMs(histogram, 95);
    }),
  ];
}

function bookkeeping(): Side[] {
  const lease = noLease();
  const book = new ReportBook("bench", () => 0, T0);
  const answered = { isError: false, attempts: 1, instance: "o", algorithm: "latency", durationMs: 20 };
  let atMs = T0;
  return [
    side("whether a lease is held", () => holdsLease(lease, (atMs += 1))),
    side("note an attempt, a request and two counters", () => {
      book.attempt("o", "success", 20, false);
      book.request("bench", answered);
      book.count("bench", "cache-hit");
      book.count("bench", "limit-admitted");
    }),
  ];
}
