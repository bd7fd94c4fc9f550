import { describe, expect, it } from "vitest";
import { breakerSchema, rampSchema } from "../../src/config/breaker.ts";
import { obey, type BreakerOrder } from "../../src/resilience/breaker-order.ts";
import {
  admissionIn,
  advanceAgreement,
  breakerFor,
  FRESH_AGREEMENT,
  recordRegion,
  takePermit,
  type OriginAgreement,
} from "../../src/resilience/origin-agreement.ts";

const RULES = { breaker: breakerSchema.parse({}), ramp: rampSchema.parse({}) };
const NOW = 1_800_000_000_000;
const at = (nowMs: number) => ({ nowMs, random: () => 0 });
const told = (agreement: OriginAgreement, kind: BreakerOrder["kind"], seconds: number | null = null) =>
  obey(agreement, { kind, reason: "by hand", seconds }, RULES, at(NOW));
const FAILING = { successes: 0, failures: 10, slow: 0, longestFailureRun: 10 };
const openInWeur = recordRegion(FRESH_AGREEMENT, "weur", FAILING, RULES, at(NOW));

describe("a breaker that an operator opens", () => {
  it("is open everywhere for the time given, and then half-open as any other", () => {
    const opened = told(FRESH_AGREEMENT, "open", 60);
    expect(breakerFor(opened, "apac")).toMatchObject({ phase: "open", reason: "by hand", untilMs: NOW + 60_000 });
    expect(advanceAgreement(opened, RULES, NOW + 59_999)).toBe(opened);
    expect(breakerFor(advanceAgreement(opened, RULES, NOW + 60_000), "apac").phase).toBe("half-open");
  });

  it("stays open as long as the service says where no time is given", () => {
    expect(told(FRESH_AGREEMENT, "open").world).toMatchObject({ untilMs: NOW + RULES.breaker.openSeconds * 1000 });
  });
});

describe("a breaker that an operator closes", () => {
  it("takes an origin back onto its ramp where it was out, and leaves other regions alone", () => {
    const closed = told(openInWeur, "close");
    expect(breakerFor(closed, "weur").phase).toBe("closed");
    expect(admissionIn(closed, "weur")).toBe(0.1);
    expect(admissionIn(closed, "apac")).toBe(1);
  });

  it("changes nothing where nothing was out", () => {
    expect(told(FRESH_AGREEMENT, "close").world).toBe(FRESH_AGREEMENT.world);
  });
});

describe("a breaker that an operator resets", () => {
  it("admits everything at once, forgets the openings, and says so for each region that was out", () => {
    const reset = told(openInWeur, "reset");
    expect(admissionIn(reset, "weur")).toBe(1);
    expect(reset.regions.weur).toMatchObject({ phase: "closed", openings: 0, ramp: null, reason: "by hand" });
  });

  it("keeps the places of trials that are in flight", () => {
    const halfOpen = advanceAgreement(told(FRESH_AGREEMENT, "open", 1), RULES, NOW + 1_000);
    const wanted = { id: "weur/1", attemptMs: 1_000 };
    const trying = takePermit(halfOpen, "weur", wanted, RULES, at(NOW + 1_000)).agreement;
    expect(trying.permits.slots).toHaveLength(1);
    expect(told(trying, "reset").permits.slots).toHaveLength(1);
  });
});
