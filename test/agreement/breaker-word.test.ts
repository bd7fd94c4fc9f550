import { describe, expect, it } from "vitest";
import { isWorthKeeping, UNHEARD } from "../../src/agreement/breaker-word.ts";
import type { BreakerState } from "../../src/agreement/protocol.ts";

const isKept = (over: Partial<BreakerState>, registeredAtMs: number | null = null) =>
  isWorthKeeping({ ...UNHEARD, version: 7, ...over }, registeredAtMs);

describe("a breaker's word", () => {
  it("is kept while it holds traffic back", () => {
    expect(isKept({ breaker: "open" })).toBe(true);
    expect(isKept({ breaker: "half-open" })).toBe(true);
    expect(isKept({ admission: 0.9 })).toBe(true);
  });

  it("is kept of an origin that came with the deployment only when it is down", () => {
    expect(isKept({ verdict: "down" })).toBe(true);
    expect(isKept({ verdict: "up" })).toBe(false);
    expect(isKept({ verdict: "unknown" })).toBe(false);
  });

  it("is kept of an origin that was added at runtime as soon as there is a verdict", () => {
    expect(isKept({ verdict: "down" }, 1)).toBe(true);
    expect(isKept({ verdict: "up" }, 1)).toBe(true);
    expect(isKept({ verdict: "unknown" }, 1)).toBe(false);
  });
});
