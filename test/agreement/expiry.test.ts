import { describe, expect, it } from "vitest";
import { expiry } from "../../src/agreement/expiry.ts";
import { overrideKey, type Override } from "../../src/agreement/override.ts";
import { originSchema } from "../../src/config/origin.ts";

const byKey = (...overrides: Override[]) => new Map(overrides.map((override) => [overrideKey(override), override]));
const drain = (origin: string, expiresAtMs: number | null): Override => ({
  kind: "administrative",
  origin,
  state: "draining",
  expiresAtMs,
});
const registration = (id: string, ttlSeconds: number | null): Override => ({
  kind: "registration",
  service: "shop",
  pool: "eu",
  origin: originSchema.parse({ id, url: `https://${id}.example.com` }),
  ttlSeconds,
  expiresAtMs: null,
});
const NOBODY = { heardMs: new Map<string, number>(), sinceMs: 0 };

describe("time", () => {
  it("ends what has an expiry, and says when to look again", () => {
    const overrides = byKey(drain("a", 5_000), drain("b", 8_000), drain("c", null));
    expect(expiry(overrides, NOBODY, 4_999)).toEqual({ ended: [], nextMs: 5_000 });
    expect(expiry(overrides, NOBODY, 5_000)).toEqual({ ended: ["administrative/a"], nextMs: 8_000 });
    expect(expiry(overrides, NOBODY, 8_000).nextMs).toBe(Infinity);
  });

  it("ends a registration whose heartbeat stopped, with what was laid on its origin", () => {
    const overrides = byKey(registration("new1", 10), drain("new1", null), drain("other", null));
    const beats = { heardMs: new Map([["new1", 50_000]]), sinceMs: 0 };
    expect(expiry(overrides, beats, 59_999)).toEqual({ ended: [], nextMs: 60_000 });
    expect(expiry(overrides, beats, 60_000).ended).toEqual(["registration/new1", "administrative/new1"]);
  });

  it("gives one TTL of grace to who has not been heard of since a restart", () => {
    const beats = { heardMs: new Map<string, number>(), sinceMs: 100_000 };
    expect(expiry(byKey(registration("new1", 10)), beats, 109_999).ended).toEqual([]);
    expect(expiry(byKey(registration("new1", 10)), beats, 110_000).ended).toEqual(["registration/new1"]);
  });

  it("never ends a registration without a TTL", () => {
    expect(expiry(byKey(registration("new1", null)), NOBODY, Number.MAX_SAFE_INTEGER).ended).toEqual([]);
  });
});
