import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginSpan, isOver, prolonged, type Lifetime } from "../../src/affinity/session.ts";

const lifetime: Lifetime = { ttlSeconds: 1_000, idleSeconds: 100, sliding: true };

describe("a session's life", () => {
  it("ends after its idle time, or after its whole time where it does not slide", () => {
    expect(beginSpan(lifetime, 5_000)).toEqual({ issuedMs: 5_000, expiresMs: 105_000 });
    expect(beginSpan({ ...lifetime, sliding: false }, 5_000)).toEqual({ issuedMs: 5_000, expiresMs: 1_005_000 });
  });

  it("is prolonged once a tenth of the idle time has passed", () => {
    const span = beginSpan(lifetime, 0);
    expect(prolonged(lifetime, span, 9_999)).toBeNull();
    expect(prolonged(lifetime, span, 10_000)).toEqual({ issuedMs: 0, expiresMs: 110_000 });
    expect(prolonged({ ...lifetime, sliding: false }, span, 50_000)).toBeNull();
  });

  it("is over when a shortened configuration says so", () => {
    const span = { issuedMs: 0, expiresMs: 100_000 };
    expect(isOver(lifetime, span, 99_999)).toBe(false);
    expect(isOver(lifetime, span, 100_000)).toBe(true);
    expect(isOver({ ...lifetime, ttlSeconds: 10 }, span, 10_000)).toBe(true);
  });

  it("never outlasts its whole time, nor ends sooner than nine tenths of the idle time after a request", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 120_000 }), { maxLength: 40 }), (gaps) => {
        let span = beginSpan(lifetime, 0);
        let nowMs = 0;
        let lastMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          expect(span.expiresMs).toBeLessThanOrEqual(1_000_000);
          // Over only after a long enough silence, or at the very end.
          const mayBeOver = nowMs - lastMs >= 90_000 || nowMs >= 1_000_000;
          expect(isOver(lifetime, span, nowMs) && !mayBeOver).toBe(false);
          if (isOver(lifetime, span, nowMs)) return;
          lastMs = nowMs;
          span = prolonged(lifetime, span, nowMs) ?? span;
        }
      }),
    );
  });
});
