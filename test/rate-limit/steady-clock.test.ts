import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SteadyClock } from "../../src/rate-limit/steady-clock.ts";

describe("a clock that steps", () => {
  it("is waited for when it is a little behind", () => {
    const clock = new SteadyClock();
    expect(clock.read(50_000)).toBe(50_000);
    expect(clock.read(45_000)).toBe(50_000);
    expect(clock.read(49_000)).toBe(50_000);
    expect(clock.read(51_000)).toBe(51_000);
  });

  it("counts on from where it is when it was set far back", () => {
    const clock = new SteadyClock();
    clock.read(5_000_000);
    expect(clock.read(1_000)).toBe(5_000_000);
    expect(clock.read(1_500)).toBe(5_000_500);
  });

  it("makes no progress on a reading that is no number", () => {
    const clock = new SteadyClock();
    clock.read(1_000);
    expect(clock.read(Number.NaN)).toBe(1_000);
    expect(clock.read(Infinity)).toBe(1_000);
    expect(clock.read(1_001)).toBe(1_001);
  });

  it("goes on where it was saved", () => {
    const clock = new SteadyClock();
    clock.read(20_000);
    clock.read(5_000);
    expect(new SteadyClock(clock.save()).read(5_300)).toBe(20_300);
  });

  it("never goes back and never runs ahead of the time that passed", () => {
    const steps = fc.array(fc.record({ passedMs: fc.nat(5_000), stepMs: fc.nat(60_000) }), { maxLength: 50 });
    expect(() =>
      fc.assert(
        fc.property(steps, (steps) => {
          const clock = new SteadyClock();
          let passed = 0;
          let wall = 1_000_000;
          let before = clock.read(wall);
          for (const { passedMs, stepMs } of steps) {
            passed += passedMs;
            wall += passedMs - (stepMs % 3 === 0 ? stepMs : 0);
            const now = clock.read(wall);
            if (now < before || now - 1_000_000 > passed) return false;
            before = now;
          }
          return true;
        }),
      ),
    ).not.toThrow();
  });
});
