import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  agePermits,
  grantPermit,
  heldMs,
  NO_PERMITS,
  PERMIT_USE_MS,
  settlePermit,
  type PermitSlots,
} from "../../src/resilience/permits.ts";
import { holdPermit, usePermit } from "../../src/resilience/trial-permit.ts";

const NOW = 1_000_000;
const ATTEMPT_MS = 10_000;
const HELD_MS = heldMs(ATTEMPT_MS);

const grant = (permits: PermitSlots, id: string, nowMs = NOW, limit = 3) =>
  grantPermit(permits, limit, { id, region: "enam", episodeMs: 1, attemptMs: ATTEMPT_MS }, nowMs);

const three = () => ["a", "b", "c"].reduce((permits, id) => grant(permits, id).permits, NO_PERMITS);

/** Lets time pass in steps short enough to be believed. */
function pass(permits: PermitSlots, byMs: number): PermitSlots {
  let state = permits;
  for (let passed = 0; passed < byMs;) {
    passed = Math.min(byMs, passed + 1000);
    state = agePermits(state, NOW + passed);
  }
  return state;
}

describe("slots", () => {
  it("are as many as the limit", () => {
    expect(three().slots).toHaveLength(3);
    expect(grant(three(), "d").grant).toBeNull();
  });

  it("are free when the outcome has come", () => {
    const { permits, slot } = settlePermit(three(), "b", NOW);
    expect(slot).toMatchObject({ id: "b", region: "enam" });
    expect(grant(permits, "d").grant).toEqual({ id: "d", useWithinMs: PERMIT_USE_MS, deadlineMs: ATTEMPT_MS });
  });

  it("are free without an outcome only after use-by and the attempt's deadline", () => {
    // What one step of the owner's clock (5 s) and a late timer (1 s) may take off comes on top.
    expect(HELD_MS).toBe(PERMIT_USE_MS + ATTEMPT_MS + 6_000);
    expect(grant(pass(three(), HELD_MS - 1000), "d", NOW + HELD_MS - 1000).grant).toBeNull();
    expect(grant(pass(three(), HELD_MS), "d", NOW + HELD_MS).grant).not.toBeNull();
  });

  it("free nothing early when the clock jumps ahead, or back", () => {
    expect(agePermits(three(), NOW + 3_600_000).slots).toHaveLength(3);
    expect(agePermits(three(), NOW - 3_600_000).slots).toHaveLength(3);
  });

  it("free nothing for an outcome that comes twice or late", () => {
    const { permits } = settlePermit(three(), "b", NOW);
    expect(settlePermit(permits, "b", NOW)).toEqual({ permits, slot: null });
    expect(settlePermit(permits, "never granted", NOW).permits.slots).toHaveLength(2);
  });

  it("are never more than the limit nor fewer than none, whatever comes", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("grant" as const) }),
      fc.record({ kind: fc.constant("settle" as const), id: fc.nat(40) }),
      fc.record({ kind: fc.constant("clock" as const), byMs: fc.integer({ min: -60_000, max: 60_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 1, max: 5 }), (steps, limit) => {
        let permits = NO_PERMITS;
        let nowMs = NOW;
        let ids = 0;
        for (const step of steps) {
          if (step.kind === "grant") permits = grant(permits, String(ids++), nowMs, limit).permits;
          if (step.kind === "settle") permits = settlePermit(permits, String(step.id), nowMs).permits;
          if (step.kind === "clock") nowMs += step.byMs;
          expect(permits.slots.length).toBeLessThanOrEqual(limit);
          expect(new Set(permits.slots.map(({ id }) => id)).size).toBe(permits.slots.length);
          for (const slot of permits.slots) expect(slot.ageMs).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

describe("a permit in an isolate's hand", () => {
  const given = { id: "a", useWithinMs: PERMIT_USE_MS, deadlineMs: ATTEMPT_MS };

  it("is good once", () => {
    const held = holdPermit(given, NOW, NOW + 100)!;
    expect(usePermit(held, NOW + 200)).toBe(true);
    expect(usePermit(held, NOW + 300)).toBe(false);
  });

  it("is worth nothing after its time, counted from asking, or when it arrives too late", () => {
    expect(usePermit(holdPermit(given, NOW, NOW + 2_900)!, NOW + PERMIT_USE_MS)).toBe(false);
    expect(holdPermit(given, NOW, NOW + PERMIT_USE_MS)).toBeNull();
  });

  it("is worth nothing when the clock was set back behind the asking", () => {
    expect(usePermit(holdPermit(given, NOW, NOW + 100)!, NOW - 1)).toBe(false);
  });
});
