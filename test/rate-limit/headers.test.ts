import { describe, expect, it } from "vitest";
import {
  policyItem,
  retryAfterSeconds,
  writeRateLimits,
  type Policy,
  type Standing,
} from "../../src/rate-limit/headers.ts";

const standing = (over: Partial<Standing & Policy> = {}): Standing => {
  const policy = { name: "per-user", limit: 1_000, windowMs: 3_600_000, concurrent: false, ...over };
  return { ...policy, policy: policyItem(policy), remaining: 41, resetMs: 12_001, legacyHeaders: false, ...over };
};
const fields = (...standings: Standing[]) => {
  const written = new Map<string, string>();
  writeRateLimits(standings, written);
  return Object.fromEntries(written);
};

describe("the fields of an answer", () => {
  it("tell the policy and where the client stands", () => {
    expect(fields(standing())).toEqual({
      "RateLimit-Policy": '"per-user";q=1000;w=3600',
      RateLimit: '"per-user";r=41;t=13',
    });
  });

  it("list every limit in order", () => {
    expect(
      fields(standing(), standing({ name: "burst", limit: 10, windowMs: 1_000, remaining: 3, resetMs: 400 })),
    ).toEqual({
      "RateLimit-Policy": '"per-user";q=1000;w=3600, "burst";q=10;w=1',
      RateLimit: '"per-user";r=41;t=13, "burst";r=3;t=1',
    });
  });

  it("tell requests in flight by their own unit, without a window", () => {
    expect(fields(standing({ concurrent: true, limit: 5, remaining: 2 }))).toEqual({
      "RateLimit-Policy": '"per-user";q=5;qu="concurrent-requests"',
      RateLimit: '"per-user";r=2',
    });
  });

  it("carry whole numbers in range, whatever comes in", () => {
    expect(fields(standing({ remaining: -3.5, resetMs: Infinity }))["RateLimit"]).toBe('"per-user";r=0;t=0');
    expect(fields(standing({ remaining: 5_000.9 }))["RateLimit"]).toBe('"per-user";r=1000;t=13');
  });

  it("add the old names for the tightest limit that asks for them", () => {
    const wide = standing({ legacyHeaders: true });
    const tight = standing({ name: "b", limit: 10, remaining: 3, resetMs: 2_000, legacyHeaders: true });
    const silent = standing({ name: "c", remaining: 0 });
    expect(fields(wide, tight, silent)).toMatchObject({
      "X-RateLimit-Limit": "10",
      "X-RateLimit-Remaining": "3",
      "X-RateLimit-Reset": "2",
    });
  });

  it("never ask a client to come back in no time", () => {
    expect(retryAfterSeconds(0)).toBe(1);
    expect(retryAfterSeconds(1_001)).toBe(2);
    expect(retryAfterSeconds(Infinity)).toBe(1);
  });
});
