import { describe, expect, it } from "vitest";
import { breakerSchema } from "../../src/config/breaker.ts";
import { ejectsHere, localBreaker } from "../../src/resilience/local-breaker.ts";

const local = (over: object = {}) => localBreaker(breakerSchema.parse(over));

describe("what counts as a failure", () => {
  it("is by default a gateway's error, a timeout and a lost connection", () => {
    const { countsAsFailure } = local();
    expect([502, 503, 504, 520, 526, 530].every(countsAsFailure)).toBe(true);
    expect([200, 301, 404, 429, 500, 501].some(countsAsFailure)).toBe(false);
    expect((["connection", "timeout", "unreached", "bad-response"] as const).every(countsAsFailure)).toBe(true);
  });

  it("is what the configuration says", () => {
    const { countsAsFailure } = local({ failures: { statuses: ["5xx", 429], timeouts: false, resets: false } });
    expect([500, 599, 429].every(countsAsFailure)).toBe(true);
    expect(countsAsFailure("timeout")).toBe(false);
    expect(countsAsFailure("connection")).toBe(false);
  });
});

describe("an isolate's own ejection", () => {
  it("comes at once where the origin was not reached, and after a run of anything else", () => {
    expect(ejectsHere(local(), "connection", 1)).toBe(true);
    expect(ejectsHere(local(), "unreached", 1)).toBe(true);
    for (const result of [503, "timeout", "bad-response"] as const) {
      expect(ejectsHere(local(), result, 4)).toBe(false);
      expect(ejectsHere(local(), result, 5)).toBe(true);
    }
    expect(ejectsHere(local({ consecutiveFailures: 2 }), "timeout", 2)).toBe(true);
  });

  it("never comes where the breaker is not enabled", () => {
    expect(ejectsHere(local({ enabled: false }), "connection", 99)).toBe(false);
  });
});
