import { describe, expect, it } from "vitest";
import { initialAgeMs, parseAge } from "../../src/cache/age.ts";
import { ageMs, freshForMs, policyOf } from "../../src/cache/freshness.ts";
import { httpDate, NOW_MS, rule, stored } from "./support.ts";

const lifetime = (values: Record<string, string>, ruleInput = {}, status = 200) =>
  policyOf(stored(values, { status }), rule(ruleInput)).lifetime.ms / 1000;

describe("Age", () => {
  it.each([
    [null, 0],
    ["7", 7],
    ["abc", 0],
    ["-7", 0],
    ["7.0", 0],
    ["7, 0", 7],
    ["0, 7", 0],
    ["7;x=1", 7],
    ["2147483649", 2_147_483_648],
  ])("%s is read as %d", (text, expected) => expect(parseAge(text)).toBe(expected));

  it("grows by the trip, and by what Date tells", () => {
    const times = { requestMs: NOW_MS - 5000, responseMs: NOW_MS };
    expect(initialAgeMs("10", NOW_MS, times)).toBe(15_000);
    expect(initialAgeMs(null, NOW_MS - 60_000, times)).toBe(60_000);
    expect(initialAgeMs(null, NOW_MS + 60_000, times)).toBe(5000);
    const atOnce = { requestMs: NOW_MS + 900, responseMs: NOW_MS + 900 };
    expect(initialAgeMs(null, NOW_MS, atOnce)).toBe(0);
    expect(initialAgeMs(null, NOW_MS - 1000, atOnce)).toBe(1900);
  });
});

describe("a lifetime", () => {
  it("is the strongest the origin states for shared caches", () => {
    expect(lifetime({ "cache-control": "max-age=1, s-maxage=9", expires: httpDate(5) })).toBe(9);
    expect(lifetime({ "cache-control": "max-age=1", expires: httpDate(5) })).toBe(1);
    expect(lifetime({ expires: httpDate(5) })).toBe(5);
    expect(lifetime({ "cdn-cache-control": "max-age=7", "cache-control": "s-maxage=1" })).toBe(7);
    expect(lifetime({ "cdn-cache-control": "public", expires: httpDate(5) })).toBe(0);
  });

  it("counts Expires from Date, whatever the clocks say", () => {
    expect(lifetime({ date: httpDate(400), expires: httpDate(300) })).toBe(0);
    expect(lifetime({ date: httpDate(-400), expires: httpDate(-300) })).toBe(100);
    expect(lifetime({ date: "foo", expires: httpDate(10) })).toBe(10);
    expect(lifetime({ expires: "0" })).toBe(0);
  });

  it("is nothing where the statement cannot be read", () => {
    expect(lifetime({ "cache-control": "max-age=x", expires: httpDate(100) })).toBe(0);
    expect(lifetime({ "cache-control": 'a=", max-age=100' })).toBe(0);
  });

  it("comes from the rule where the origin states none", () => {
    expect(lifetime({}, { ttlSeconds: 300 })).toBe(300);
    expect(lifetime({ "cache-control": "max-age=1" }, { ttlSeconds: 300 })).toBe(1);
    expect(lifetime({}, { ttlSeconds: 300, cacheStatuses: { "404": 10 } }, 404)).toBe(10);
    expect(lifetime({}, { ttlSeconds: 300 }, 404)).toBe(0);
  });

  it("comes from the rule in any case where it is forced", () => {
    expect(lifetime({ "cache-control": "max-age=1, must-revalidate" }, { mode: "force", ttlSeconds: 300 })).toBe(300);
  });

  it("is a tenth of the time since the last change where nobody states one", () => {
    expect(lifetime({ "last-modified": httpDate(-1000) })).toBe(100);
    expect(lifetime({ "last-modified": httpDate(-1) })).toBe(5);
    expect(lifetime({ "last-modified": httpDate(0) })).toBe(0);
    expect(lifetime({ "last-modified": httpDate(-100_000_000) })).toBe(86_400);
    expect(lifetime({ "last-modified": httpDate(-1000) }, {}, 500)).toBe(0);
    expect(lifetime({ "last-modified": httpDate(-1000), "cache-control": "public" }, {}, 599)).toBe(100);
  });
});

describe("age and freshness", () => {
  it("go on from the age on arrival", () => {
    const policy = policyOf(stored({ "cache-control": "max-age=100" }, { initialAge: "40" }), rule());
    expect(ageMs(policy, NOW_MS + 10_000)).toBe(50_000);
    expect(freshForMs(policy, NOW_MS + 10_000)).toBe(50_000);
  });

  it("begin on arrival for a lifetime that a rule sets", () => {
    const policy = policyOf(stored({}, { initialAge: "4000" }), rule({ ttlSeconds: 300 }));
    expect(ageMs(policy, NOW_MS)).toBe(4_000_000);
    expect(freshForMs(policy, NOW_MS)).toBe(300_000);
  });
});

describe("serving stale", () => {
  const policy = (control: string, ruleInput = {}) =>
    policyOf(stored({ "cache-control": control }), rule({ staleWhileRevalidateSeconds: 60, ...ruleInput }));

  it("is granted by the origin before the rule", () => {
    const granted = policy("max-age=1, stale-while-revalidate=5, stale-if-error=7");
    expect([granted.staleWhileRevalidateMs, granted.staleIfErrorMs]).toEqual([5000, 7000]);
    const unread = policy("max-age=1, stale-while-revalidate=x, stale-if-error");
    expect([unread.staleWhileRevalidateMs, unread.staleIfErrorMs]).toEqual([0, 0]);
    expect(policy('stale-while-revalidate=5, a="').staleWhileRevalidateMs).toBe(60_000);
    const ruled = policy("max-age=1");
    expect([ruled.staleWhileRevalidateMs, ruled.staleIfErrorMs]).toEqual([60_000, 86_400_000]);
  });

  it.each(["must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=2"])("is forbidden by %s", (directive) => {
    const forbidden = policy(`max-age=1, ${directive}`);
    expect([forbidden.staleWhileRevalidateMs, forbidden.staleIfErrorMs, forbidden.neverStale]).toEqual([0, 0, true]);
  });

  it("is forbidden by must-revalidate even where the origin grants it, and granted beside s-maxage", () => {
    expect(policy("max-age=1, must-revalidate, stale-while-revalidate=5").staleWhileRevalidateMs).toBe(0);
    expect(policy("s-maxage=1, stale-while-revalidate=5").staleWhileRevalidateMs).toBe(5000);
  });
});
