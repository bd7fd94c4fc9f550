/** The pure rules as sides to measure. Steering and rate limits have topics of their own. */
import { decodeCookie, encodeClaims, encodeCookie, cookieValues } from "../../src/affinity/cookie.ts";
import { change, deltaSince, emptySection } from "../../src/agreement/section.ts";
import { parseCacheControl, requestDirectives } from "../../src/cache/cache-control.ts";
import { policyOf } from "../../src/cache/freshness.ts";
import { compileKey } from "../../src/cache/key.ts";
import { PurgeIndex } from "../../src/cache/purge-index.ts";
import { purgeVerdict } from "../../src/cache/purge.ts";
import { hubOf } from "../growth/scene.ts";
import { judgeReuse } from "../../src/cache/reuse.ts";
import { globalVerdict } from "../../src/health/quorum.ts";
import { recordProbe, UNKNOWN_HEALTH } from "../../src/health/thresholds.ts";
import { accessList } from "../../src/proxy/access.ts";
import { addressOf } from "../../src/proxy/address.ts";
import { backoffMs } from "../../src/resilience/backoff.ts";
import { freshBreaker, recordEvidence, type CircuitBreaker } from "../../src/resilience/circuit-breaker.ts";
import { emptyHistogram, observeDuration, percentileMs } from "../../src/resilience/hedge.ts";
import { countRequest, emptyBudget, takeRetry } from "../../src/resilience/retry-budget.ts";
import { retryRefusal } from "../../src/resilience/retry.ts";
import type { Region } from "../../src/config/region.ts";
import { benchCacheRule, benchService, storedAt } from "./scene.ts";
import type { Side } from "./harness.ts";

const T0 = 1_780_000_000_000;
const URL_TEXT = "https://shop.test/articles/42?page=2&sort=price";

/** What requests ask, some of them more than once. */
export function requestRules(): Side[] {
  const may = accessList({ allow: [], deny: ["203.0.113.0/24", "2001:db8::/32"] });
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
  const policy = policyOf(storedAt(T0), benchCacheRule);
  const wishes = requestDirectives(null, null);
  const keyOf = compileKey("shop", benchCacheRule.key);
  const request = { url: URL_TEXT, field: () => null, country: null };
  let atMs = T0;
  let turn = 0;
  return [
    side("take a URL apart", () => addressOf(URL_TEXT).path),
    side("access by address, two ranges", () => may("198.51.100.7")),
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
    side("cache key", () => keyOf(request).primary),
    side("judge a reuse", () => judgeReuse(policy, wishes, false, T0 + 1_000)),
  ];
}

/** What is asked when something comes: a report, a probe, a change, an answer to store, a cookie not seen before. */
export function occasionalRules(): Side[] {
  return [...healthRules(), ...cacheRules(), ...agreementRules()];
}

function healthRules(): Side[] {
  const { breaker, ramp } = benchService;
  let state: CircuitBreaker = freshBreaker();
  let atMs = T0;
  const evidence = { successes: 1, failures: 0, slow: 0, longestFailureRun: 0 };
  const votes = new Map<Region, "up" | "down">([
    ["enam", "up"],
    ["weur", "down"],
    ["apac", "up"],
    ["wnam", "up"],
  ]);
  const monitor = { consecutiveDown: 3, consecutiveUp: 2 };
  return [
    side("breaker takes one report", () => {
      state = recordEvidence(state, evidence, { breaker, ramp }, (atMs += 1), Math.random);
    }),
    side("quorum of four regions", () => globalVerdict(votes)),
    side("one probe", () => recordProbe(UNKNOWN_HEALTH, { good: false, reason: "500" }, monitor)),
  ];
}

function cacheRules(): Side[] {
  const stored = storedAt(T0);
  const index = new PurgeIndex("shop", (target) => target);
  index.update(hubOf(0, 100_000).logged.purges);
  if (purgeVerdict(stored, index) !== "fresh") throw new Error("Expected a verdict that has to look at everything");
  return [
    side("parse Cache-Control", () => parseCacheControl("public, max-age=300, stale-while-revalidate=60")),
    side("judge a response", () => policyOf(stored, benchCacheRule)),
    side("purge verdict among 100,000 purges", () => purgeVerdict(stored, index)),
  ];
}

function agreementRules(): Side[] {
  const claims = {
    issuedMs: T0,
    expiresMs: T0 + 86_400_000,
    epoch: 3,
    id: "0011223344556677",
    names: ["aabbccddeeff0011", "1122334455667788"],
  };
  const cookie = encodeCookie(encodeClaims(claims), new Uint8Array(32));
  const field = `theme=dark; fairlead=${cookie}; session=6d1f6e0a7b`;
  const section = emptySection<number>();
  for (let origin = 0; origin < 1_000; origin++) change(section, [{ key: `origin-${origin}`, value: origin }]);
  let turn = 0;
  return [
    side("read a session's cookie (signature not checked)", () => decodeCookie(cookieValues(field, "fairlead")[0]!)),
    side("one change of a section of 1,000", () => change(section, [{ key: `origin-${turn % 1_000}`, value: turn++ }])),
    side("delta of one change in a section of 1,000", () => deltaSince(section, section.version - 1)),
  ];
}

/** What `once` returns is kept, so that no compiler finds the work useless. */
function side(name: string, once: () => unknown): Side {
  let kept: unknown;
  return {
    name,
    run(count) {
      for (let index = 0; index < count; index++) kept = once();
      if (kept === run) throw new Error("never");
    },
  };
}

function run(): void {}
