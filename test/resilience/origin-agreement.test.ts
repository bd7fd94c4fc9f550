import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { breakerSchema, rampSchema } from "../../src/config/breaker.ts";
import type { Region } from "../../src/config/region.ts";
import {
  admissionIn,
  advanceAgreement,
  agreementDueMs,
  breakerFor,
  FRESH_AGREEMENT,
  isUneventful,
  judgeWorld,
  recordRegion,
  settleTrial,
  takePermit,
  type OriginAgreement,
} from "../../src/resilience/origin-agreement.ts";

const NOW = 1_000_000;
const rules = { breaker: breakerSchema.parse({}), ramp: rampSchema.parse({}) };
const at = (nowMs: number) => ({ nowMs, random: () => 0 });
const FAILING = { successes: 0, failures: 5, slow: 0, longestFailureRun: 5 };
const FOUR: Region[] = ["enam", "wnam", "weur", "apac"];

/** Regions see five failures in a row, one after the other; the world is judged after each. */
function fail(regions: Region[], nowMs = NOW, from: OriginAgreement = FRESH_AGREEMENT): OriginAgreement {
  return regions.reduce(
    (agreement, region) =>
      judgeWorld(recordRegion(agreement, region, FAILING, rules, at(nowMs)), FOUR, rules, at(nowMs)),
    from,
  );
}

const phases = (agreement: OriginAgreement) => FOUR.map((region) => breakerFor(agreement, region).phase);
const take = (agreement: OriginAgreement, region: Region, id: string, nowMs: number) =>
  takePermit(agreement, region, { id, attemptMs: 1000 }, rules, at(nowMs));

/** One trial from a region, taken and settled. */
function trial(agreement: OriginAgreement, region: Region, outcome: "success" | "failure" | "ignored", nowMs: number) {
  const taken = take(agreement, region, `${region} ${nowMs} ${Object.keys(agreement.permits.slots).length}`, nowMs);
  expect(taken.grant).not.toBeNull();
  return settleTrial(taken.agreement, taken.grant!.id, outcome, rules, at(nowMs));
}

describe("a path broken from one region", () => {
  it("opens that region only, while the others have traffic that succeeds", () => {
    expect(phases(fail(["weur"]))).toEqual(["closed", "closed", "open", "closed"]);
  });

  it("is tried and taken back by that region alone", () => {
    let agreement = advanceAgreement(fail(["weur"]), rules, NOW + 30_000);
    expect(phases(agreement)).toEqual(["closed", "closed", "half-open", "closed"]);
    expect(take(agreement, "enam", "x", NOW + 30_000).grant).toBeNull();
    agreement = trial(trial(agreement, "weur", "success", NOW + 30_000), "weur", "success", NOW + 30_001);
    expect(phases(agreement)).toEqual(["closed", "closed", "closed", "closed"]);
    expect(FOUR.map((region) => admissionIn(agreement, region))).toEqual([1, 1, 0.1, 1]);
  });
});

describe("the world", () => {
  it("stays closed at half of the regions with traffic and opens above", () => {
    expect(fail(["enam", "weur"]).world.phase).toBe("closed");
    const agreement = fail(["enam", "weur", "apac"]);
    expect(phases(agreement)).toEqual(["open", "open", "open", "open"]);
    expect(agreement.world.reason).toBe("open in 3 of 4 regions with traffic (enam: 5 failures in a row)");
  });

  it("opens at once when the only region with traffic does", () => {
    const failing = recordRegion(FRESH_AGREEMENT, "enam", FAILING, rules, at(NOW));
    expect(judgeWorld(failing, [], rules, at(NOW)).world.phase).toBe("open");
  });

  it("takes over from the regions: trials from anywhere decide, and the ramp is everybody's", () => {
    let agreement = advanceAgreement(fail(["enam", "weur", "apac"]), rules, NOW + 30_000);
    expect(phases(agreement)).toEqual(["half-open", "half-open", "half-open", "half-open"]);
    agreement = trial(trial(agreement, "weur", "success", NOW + 30_000), "wnam", "success", NOW + 30_001);
    expect(FOUR.map((region) => admissionIn(agreement, region))).toEqual([0.1, 0.1, 0.1, 0.1]);
    expect(agreementDueMs(agreement, rules)).toBe(NOW + 40_001);
  });

  it("falls back to open for twice as long when it falls apart on the ramp", () => {
    let agreement = advanceAgreement(fail(["enam", "weur", "apac"]), rules, NOW + 30_000);
    agreement = trial(trial(agreement, "weur", "success", NOW + 30_000), "wnam", "success", NOW + 30_001);
    agreement = fail(["enam", "weur", "apac"], NOW + 31_000, agreement);
    expect(agreement.world).toMatchObject({ phase: "open", openings: 2, untilMs: NOW + 31_000 + 60_000 });
  });

  it("says nothing to traffic that was sent although it is open (panic)", () => {
    const agreement = fail(["enam", "weur", "apac"]);
    expect(recordRegion(agreement, "wnam", FAILING, rules, at(NOW))).toBe(agreement);
  });
});

describe("trials", () => {
  const halfOpen = advanceAgreement(fail(["enam", "weur", "apac"]), rules, NOW + 30_000);

  it("are never more than `trialPermits` on the planet", () => {
    let agreement = halfOpen;
    const grants = [...FOUR, ...FOUR].map((region, i) => {
      const taken = take(agreement, region, String(i), NOW + 30_000);
      agreement = taken.agreement;
      return taken.grant !== null;
    });
    expect(grants).toEqual([true, true, true, false, false, false, false, false]);
  });

  it("that are ignored free their slot and decide nothing", () => {
    const after = trial(halfOpen, "enam", "ignored", NOW + 30_000);
    expect(after.permits.slots).toHaveLength(0);
    expect(after.world).toBe(halfOpen.world);
  });

  it("that fail open it again, and those still in flight keep their slots but decide nothing later", () => {
    let agreement = take(halfOpen, "enam", "late", NOW + 30_000).agreement;
    agreement = trial(agreement, "weur", "failure", NOW + 30_000);
    expect(agreement.world).toMatchObject({ phase: "open", openings: 2 });
    expect(agreement.permits.slots).toHaveLength(1);
    agreement = advanceAgreement(agreement, rules, NOW + 90_000);
    expect(agreement.world.phase).toBe("half-open");
    const settled = settleTrial(agreement, "late", "failure", rules, at(NOW + 90_000));
    expect(settled.world.phase).toBe("half-open");
    expect(settled.permits.slots).toHaveLength(0);
  });
});

describe("what must be remembered", () => {
  it("is nothing while all is well, and again after a recovery", () => {
    expect(isUneventful(FRESH_AGREEMENT, rules, NOW)).toBe(true);
    let agreement = fail(["weur"]);
    expect(isUneventful(agreement, rules, NOW)).toBe(false);
    agreement = advanceAgreement(agreement, rules, NOW + 30_000);
    agreement = trial(trial(agreement, "weur", "success", NOW + 30_000), "weur", "success", NOW + 30_001);
    let nowMs = NOW + 30_001;
    while (agreementDueMs(agreement, rules) < Infinity) {
      nowMs = agreementDueMs(agreement, rules);
      agreement = advanceAgreement(agreement, rules, nowMs);
      expect(isUneventful(agreement, rules, nowMs)).toBe(false);
    }
    expect(isUneventful(agreement, rules, nowMs + 10_000)).toBe(true);
  });
});

it("keeps the limit on trials and survives being stored, whatever happens in whatever order", () => {
  const region = fc.constantFrom(...FOUR);
  const step = fc.oneof(
    fc.record({ kind: fc.constant("fail" as const), region }),
    fc.record({ kind: fc.constant("take" as const), region }),
    fc.record({
      kind: fc.constant("settle" as const),
      id: fc.nat(60),
      outcome: fc.constantFrom("success" as const, "failure" as const, "ignored" as const),
    }),
    fc.record({ kind: fc.constant("clock" as const), byMs: fc.integer({ min: -40_000, max: 40_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      let agreement = FRESH_AGREEMENT;
      let nowMs = NOW;
      let ids = 0;
      for (const step of steps) {
        if (step.kind === "clock") nowMs += step.byMs;
        if (step.kind === "fail") agreement = fail([step.region], nowMs, agreement);
        if (step.kind === "take") agreement = take(agreement, step.region, String(ids++), nowMs).agreement;
        if (step.kind === "settle") agreement = settleTrial(agreement, String(step.id), step.outcome, rules, at(nowMs));
        agreement = JSON.parse(JSON.stringify(advanceAgreement(agreement, rules, nowMs))) as OriginAgreement;
        expect(agreement.permits.slots.length).toBeLessThanOrEqual(3);
        expect(agreement.world.phase === "closed" || Object.keys(agreement.regions).length === 0).toBe(true);
        for (const region of FOUR) {
          const admission = admissionIn(agreement, region);
          expect(admission > 0).toBe(breakerFor(agreement, region).phase === "closed");
        }
      }
    }),
  );
});
