import { describe, expect, it } from "vitest";
import { outByBreaker, outByOperator } from "../../src/api/recovery-out.ts";
import { freshBreaker } from "../../src/resilience/circuit-breaker.ts";
import { FRESH_AGREEMENT } from "../../src/resilience/origin-agreement.ts";
import { NO_HISTORY, type OriginInspection } from "../../src/resilience/origin-history.ts";

const inspection = (over: Partial<OriginInspection>): OriginInspection => ({
  ...NO_HISTORY,
  origin: "eu1",
  agreement: FRESH_AGREEMENT,
  states: {},
  ...over,
});

describe("why an origin does not take all of its requests", () => {
  it("is nothing when it does", () => {
    expect(outByBreaker(inspection({}))).toEqual([]);
  });

  it("is a breaker that is open, half-open or on its ramp, each in its scope", () => {
    const entered = { sinceMs: 5, reason: "why", openings: 1 };
    const ramp = { step: 3, sinceMs: 9, successes: 0, failures: 0 };
    const agreement = {
      ...FRESH_AGREEMENT,
      world: { ...freshBreaker(), sinceMs: 7, reason: "2 trials succeeded", ramp },
      regions: {
        weur: { ...entered, phase: "open", untilMs: 99 },
        enam: { ...entered, phase: "half-open", successes: 1 },
      },
    } as const;
    const out = { origin: "eu1", nextTrialMs: null, share: 0 };
    expect(outByBreaker(inspection({ agreement }))).toEqual([
      { ...out, scope: "world", phase: "ramping", sinceMs: 7, reason: "2 trials succeeded", share: 0.3 },
      { ...out, scope: "weur", phase: "open", sinceMs: 5, reason: "why", nextTrialMs: 99 },
      { ...out, scope: "enam", phase: "half-open", sinceMs: 5, reason: "why" },
    ]);
  });

  it("is a health check, since its last verdict in that scope", () => {
    const change = (atMs: number, scope: "weur" | "enam", verdict: "up" | "down") => ({
      atMs,
      scope,
      verdict,
      reason: "",
    });
    const healthChanges = [
      change(1, "weur", "down"),
      change(2, "weur", "up"),
      change(3, "weur", "down"),
      change(4, "enam", "up"),
    ];
    const out = outByBreaker(inspection({ verdicts: { weur: "down", enam: "up" }, healthChanges }));
    expect(out).toEqual([
      { origin: "eu1", scope: "weur", phase: "unhealthy", sinceMs: 3, reason: "", nextTrialMs: null, share: 0 },
    ]);
  });

  it("is an operator, named where that is known", () => {
    const by = { author: "token:ops", reason: "new kernel", atMs: 8 };
    expect(outByOperator("eu1", "draining", by)).toMatchObject({
      sinceMs: 8,
      reason: "token:ops: new kernel",
      share: 0,
    });
    expect(outByOperator("eu1", "disabled")).toMatchObject({ sinceMs: null, reason: "" });
  });
});
