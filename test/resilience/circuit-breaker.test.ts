import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { breakerSchema, rampSchema } from "../../src/config/breaker.ts";
import {
  admissionThrough,
  advance,
  dueMs,
  freshBreaker,
  open,
  recordEvidence,
  recordTrial,
  type BreakerRules,
  type CircuitBreaker,
  type Closed,
  type HalfOpen,
  type Open,
} from "../../src/resilience/circuit-breaker.ts";

const NOW = 1_000_000;
const noJitter = () => 0;
const rules = (breaker: object = {}, ramp: object = {}): BreakerRules => ({
  breaker: breakerSchema.parse(breaker),
  ramp: rampSchema.parse(ramp),
});
const defaults = rules();

const evidence = (over: object) => ({ successes: 0, failures: 0, slow: 0, longestFailureRun: 0, ...over });
const openedAt = (nowMs: number, from: CircuitBreaker = freshBreaker()): Open =>
  open(from, "test", defaults, nowMs, noJitter);
const halfOpenAt = (nowMs: number): HalfOpen => advance(openedAt(nowMs - 30_000), defaults, nowMs) as HalfOpen;
const rampingAt = (nowMs: number): Closed =>
  [0, 0].reduce<CircuitBreaker>(
    (state) => recordTrial(state, true, defaults, nowMs, noJitter),
    halfOpenAt(nowMs),
  ) as Closed;

const record = (counts: object, over: BreakerRules = defaults, state: CircuitBreaker = freshBreaker()) =>
  recordEvidence(state, evidence(counts), over, NOW, noJitter);

describe("CLOSED", () => {
  it("opens on `consecutiveFailures` within one isolate", () => {
    expect(record({ failures: 4, longestFailureRun: 4 }).phase).toBe("closed");
    expect(record({ failures: 5, longestFailureRun: 5 })).toMatchObject({
      phase: "open",
      reason: "5 failures in a row",
    });
  });

  it("opens on `failureRatio` once the window holds `minimumRequests`", () => {
    expect(record({ successes: 9, failures: 10, longestFailureRun: 1 }).phase).toBe("closed");
    expect(record({ successes: 11, failures: 9, longestFailureRun: 1 }).phase).toBe("closed");
    expect(record({ successes: 10, failures: 10, longestFailureRun: 1 })).toMatchObject({
      phase: "open",
      reason: "10 of 20 requests failed",
    });
  });

  it("adds up reports within the window and forgets what has left it", () => {
    const half = record({ failures: 10, longestFailureRun: 1 });
    expect(recordEvidence(half, evidence({ successes: 10 }), defaults, NOW + 8_000, noJitter).phase).toBe("open");
    expect(recordEvidence(half, evidence({ successes: 10 }), defaults, NOW + 12_000, noJitter).phase).toBe("closed");
  });

  it("opens on `slowRatio` where it is configured", () => {
    const slow = rules({ slowMs: 500, slowRatio: 0.8 });
    expect(record({ successes: 20, slow: 15 }, slow).phase).toBe("closed");
    expect(record({ successes: 20, slow: 16 }, slow)).toMatchObject({ reason: "16 of 20 requests were slow" });
    expect(record({ successes: 20, slow: 20 }).phase).toBe("closed");
  });

  it("never opens when it is not enabled", () => {
    expect(record({ failures: 100, longestFailureRun: 100 }, rules({ enabled: false })).phase).toBe("closed");
  });

  it("forgets counts that lie ahead of a clock that was set back", () => {
    const before = record({ failures: 10, longestFailureRun: 1 });
    const after = recordEvidence(before, evidence({ successes: 10 }), defaults, NOW - 60_000, noJitter);
    expect(after.phase).toBe("closed");
  });

  it("takes the ramp's steps and ends it", () => {
    let state: CircuitBreaker = rampingAt(NOW);
    expect(admissionThrough(state)).toBe(0.1);
    for (let step = 1; step <= 9; step++) state = advance(state, defaults, NOW + step * 10_000);
    expect(state).toMatchObject({ phase: "closed", ramp: null, reason: "the ramp is over" });
    expect(dueMs(state, defaults)).toBe(Infinity);
  });

  it("on the ramp falls back to open on few requests, for twice as long", () => {
    const again = recordEvidence(
      rampingAt(NOW),
      evidence({ successes: 2, failures: 3, longestFailureRun: 1 }),
      defaults,
      NOW + 1000,
      noJitter,
    );
    expect(again).toMatchObject({ phase: "open", openings: 2, untilMs: NOW + 1000 + 60_000 });
  });
});

describe("OPEN", () => {
  it("listens to nothing", () => {
    const state = openedAt(NOW);
    expect(recordEvidence(state, evidence({ successes: 100 }), defaults, NOW, noJitter)).toBe(state);
    expect(recordTrial(state, true, defaults, NOW, noJitter)).toBe(state);
    expect(admissionThrough(state)).toBe(0);
  });

  it("becomes half-open when its time is over, not before", () => {
    const state = openedAt(NOW);
    expect(dueMs(state, defaults)).toBe(NOW + 30_000);
    expect(advance(state, defaults, NOW + 29_999)).toBe(state);
    expect(advance(state, defaults, NOW + 30_000)).toMatchObject({ phase: "half-open", successes: 0 });
  });

  it("doubles its time from one opening to the next, up to the cap, and jitter makes it longer only", () => {
    let state: CircuitBreaker = freshBreaker();
    const seconds: number[] = [];
    for (let i = 0; i < 6; i++) {
      state = open(state, "test", defaults, NOW, noJitter);
      seconds.push((state.untilMs - NOW) / 1000);
    }
    expect(seconds).toEqual([30, 60, 120, 240, 300, 300]);
    expect(open(freshBreaker(), "test", defaults, NOW, () => 0.999).untilMs - NOW).toBeCloseTo(30_000 * 1.2, -2);
  });

  it("starts over after it recovered", () => {
    const recovered: Closed = { ...rampingAt(NOW), ramp: null, openings: 4 };
    expect(open(recovered, "test", defaults, NOW + 9_999, noJitter).openings).toBe(5);
    expect(open(recovered, "test", defaults, NOW + 10_000, noJitter).openings).toBe(1);
  });

  it("waits no longer than its time when the clock is set back", () => {
    const state = advance(openedAt(NOW), defaults, NOW - 3_600_000);
    expect(dueMs(state, defaults)).toBe(NOW - 3_600_000 + 30_000);
  });
});

describe("HALF-OPEN", () => {
  it("closes onto the ramp after `successThreshold` trials", () => {
    const one = recordTrial(halfOpenAt(NOW), true, defaults, NOW, noJitter);
    expect(one).toMatchObject({ phase: "half-open", successes: 1 });
    expect(recordTrial(one, true, defaults, NOW, noJitter)).toMatchObject({
      phase: "closed",
      ramp: { step: 1 },
      reason: "2 trials succeeded",
    });
  });

  it("opens for longer on one failure", () => {
    expect(recordTrial(halfOpenAt(NOW), false, defaults, NOW, noJitter)).toMatchObject({
      phase: "open",
      openings: 2,
      untilMs: NOW + 60_000,
    });
  });

  it("takes no evidence and waits for trials as long as it must", () => {
    const state = halfOpenAt(NOW);
    expect(recordEvidence(state, evidence({ failures: 9, longestFailureRun: 9 }), defaults, NOW, noJitter)).toBe(state);
    expect(advance(state, defaults, NOW + 1e9)).toBe(state);
    expect(admissionThrough(state)).toBe(0);
  });
});

it("is plain data with sound numbers whatever happens, clock included", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("record" as const),
      counts: fc.record({ successes: fc.nat(30), failures: fc.nat(30), slow: fc.nat(5), longestFailureRun: fc.nat(6) }),
    }),
    fc.record({ kind: fc.constant("trial" as const), succeeded: fc.boolean() }),
    fc.record({ kind: fc.constant("clock" as const), byMs: fc.integer({ min: -100_000, max: 100_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step), fc.double({ min: 0, max: 0.999, noNaN: true }), (steps, dice) => {
      let state: CircuitBreaker = freshBreaker();
      let nowMs = NOW;
      for (const step of steps) {
        if (step.kind === "clock") nowMs += step.byMs;
        if (step.kind === "record") state = recordEvidence(state, step.counts, defaults, nowMs, () => dice);
        if (step.kind === "trial") state = recordTrial(state, step.succeeded, defaults, nowMs, () => dice);
        state = advance(state, defaults, nowMs);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
        expect(state.openings).toBeGreaterThanOrEqual(0);
        expect(state.phase === "open" ? state.untilMs - nowMs : 0).toBeLessThanOrEqual(300_000);
        const counts = state.phase === "closed" ? state.window : [];
        expect(counts.every((bucket) => Math.min(bucket.successes, bucket.failures, bucket.slow) >= 0)).toBe(true);
        expect(admissionThrough(state)).toBeGreaterThanOrEqual(0);
        expect(admissionThrough(state)).toBeLessThanOrEqual(1);
      }
    }),
  );
});
