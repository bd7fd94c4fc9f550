/** The pure rules that are asked when something comes: a report, a probe, a change, an answer to store, a new cookie. */
import { decodeCookie, encodeClaims, encodeCookie } from "../../src/affinity/cookie.ts";
import { hubConfirmation, startHub } from "../../src/agreement/hub-state.ts";
import { noteHolder } from "../../src/agreement/holders.ts";
import { layOver } from "../../src/agreement/overlay.ts";
import { purgeKey } from "../../src/agreement/purge-mark.ts";
import { change, deltaSince, emptySection } from "../../src/agreement/section.ts";
import { countReport, noCounts } from "../../src/agreement/traffic-counts.ts";
import { parseCacheControl } from "../../src/cache/cache-control.ts";
import { storableFields } from "../../src/cache/fields.ts";
import { policyOf } from "../../src/cache/freshness.ts";
import { PurgeIndex } from "../../src/cache/purge-index.ts";
import { refusal } from "../../src/cache/storable.ts";
import { tagsOf } from "../../src/cache/tags.ts";
import type { Region } from "../../src/config/region.ts";
import { globalVerdict } from "../../src/health/quorum.ts";
import { recordProbe, UNKNOWN_HEALTH } from "../../src/health/thresholds.ts";
import { settledLoad } from "../../src/rate-limit/priority.ts";
import { freshBreaker, recordEvidence, type CircuitBreaker } from "../../src/resilience/circuit-breaker.ts";
import { noEvidence, takeOriginReport } from "../../src/resilience/region-evidence.ts";
import { ReportBook } from "../../src/view/report.ts";
import { configOf, hubOf, purgeMark } from "../growth/scene.ts";
import { benchCacheRule, benchService, RESPONSE_FIELDS, storedAt } from "./scene.ts";
import { side } from "./side.ts";
import type { Side } from "./harness.ts";

const T0 = 1_780_000_000_000;

export function occasionalRules(): Side[] {
  return [...healthRules(), ...reports(), ...cacheRules(), ...agreementRules()];
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
  const mix = [0.05, 0.1, 0.6, 0.15, 0.1];
  return [
    side("breaker takes one report", () => {
      state = recordEvidence(state, evidence, { breaker, ramp }, (atMs += 1), Math.random);
    }),
    side("quorum of four regions", () => globalVerdict(votes)),
    side("one probe", () => recordProbe(UNKNOWN_HEALTH, { good: false, reason: "500" }, monitor)),
    side("the load at which shedding settles", () => settledLoad(mix, 1.3, 0.9)),
  ];
}

function reports(): Side[] {
  const book = new ReportBook("bench", () => 1, T0);
  const counts = noCounts();
  const evidence = noEvidence();
  const answered = { isError: false, attempts: 1, instance: "o", algorithm: "latency", durationMs: 20 };
  const makeReport = (nowMs: number) => {
    for (let origin = 0; origin < 4; origin++) book.attempt(`o${origin}`, "success", 20, false);
    book.request("bench", answered);
    const report = book.take(nowMs)!;
    book.arrived(report);
    return report;
  };
  const report = makeReport(T0);
  const seen = report.origins["o0"]!;
  let atMs = T0;
  return [
    side("make a report on four origins", () => makeReport((atMs += 2_000))),
    side("count a report on four origins", () => countReport(counts, report)),
    side("take one origin's part of a report in", () => takeOriginReport(evidence, "bench", seen, 10_000, (atMs += 1))),
  ];
}

function cacheRules(): Side[] {
  const stored = storedAt(T0);
  const fields = { ...RESPONSE_FIELDS, "cache-tag": "articles,article-42,front-page" };
  const pairs = Object.entries(fields);
  const field = (name: string) => pairs.find(([key]) => key === name)?.[1] ?? null;
  const asked = { method: "GET", authorized: false, cookied: true, noStore: false, locatesTarget: false };
  const none: ReadonlySet<string> = new Set();
  const section = hubOf(0, 100_000).logged.purges;
  const index = new PurgeIndex("shop", (target) => target);
  index.update(section);
  let nth = 0;
  return [
    side("parse Cache-Control", () => parseCacheControl("public, max-age=300, stale-while-revalidate=60")),
    side("whether a response may be stored", () => refusal(asked, 200, field, benchCacheRule, T0)),
    side("the fields to store", () => storableFields(pairs, none, none)),
    side("the tags of a response", () => tagsOf(["cache-tag"], field)),
    side("judge a response", () => policyOf(stored, benchCacheRule)),
    side("one more purge into an index of 100,000", () => {
      const mark = { ...purgeMark(50_000 + (nth++ % 1_000)), epoch: section.version + 1 };
      change(section, [{ key: purgeKey(mark), value: mark }]);
      index.update(section);
    }),
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
  const section = emptySection<number>();
  for (let origin = 0; origin < 1_000; origin++) change(section, [{ key: `origin-${origin}`, value: origin }]);
  let turn = 0;
  const hub = startHub({ name: "enam", region: "enam", instance: "bench" }, 0, T0, 0);
  const have = { overrides: 1, purges: 1, flags: 1, sessions: 1 };
  for (let isolate = 0; isolate < 400; isolate++) noteHolder(hub.holders, `isolate-${isolate}`, have, 5_000, 0);
  const config = configOf(1, 20);
  const overrides = new Map(
    Array.from({ length: 20 }, (_, origin) => [
      `weight/origin-${origin}`,
      { kind: "weight", origin: `origin-${origin}`, weight: 2, expiresAtMs: null } as const,
    ]),
  );
  return [
    side("read a session's cookie (signature not checked)", () => decodeCookie(cookie)),
    side("one change of a section of 1,000", () => change(section, [{ key: `origin-${turn % 1_000}`, value: turn++ }])),
    side("delta of one change in a section of 1,000", () => deltaSince(section, section.version - 1)),
    side("how far a change has got among 400 holders", () => hubConfirmation(hub, "purges", 0, 0)),
    side("20 overrides laid over 20 origins", () => layOver(config, "base", overrides, T0)),
  ];
}
