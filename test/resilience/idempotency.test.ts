import { describe, expect, it } from "vitest";
import { begin, end, type IdempotencyEntry } from "../../src/resilience/idempotency.ts";

const NOW = 1_000_000;
const question = { bodyHash: "b1", run: "r1", holdMs: 30_000, ttlMs: 60_000 };
const running = begin(null, question, NOW).entry;
const decide = (entry: IdempotencyEntry | null, over: Partial<typeof question> = {}, nowMs = NOW) =>
  begin(entry, { ...question, run: "r2", ...over }, nowMs).decision;

describe("a key", () => {
  it("runs the first time", () => expect(decide(null)).toBe("run"));

  it("does not run twice at once", () => expect(decide(running)).toBe("still running"));

  it("is given up when its run has taken too long", () => expect(decide(running, {}, NOW + 30_000)).toBe("run"));

  it("gives the first answer until it expires", () => {
    const answered = end(running, "r1", true, NOW + 10);
    expect(decide(answered, {}, NOW + 59_999)).toBe("replay");
    expect(decide(answered, {}, NOW + 60_000)).toBe("run");
  });

  it("refuses another body, whatever became of the first", () => {
    for (const entry of [running, end(running, "r1", true, NOW), end(running, "r1", false, NOW)]) {
      expect(decide(entry, { bodyHash: "b2" })).toBe("another body");
    }
  });

  it("may be sent again after a run that ended in doubt", () => {
    expect(decide(end(running, "r1", false, NOW))).toBe("run");
  });

  it("does not take the answer of a run that was given up", () => {
    const second = begin(running, { ...question, run: "r2" }, NOW + 30_000).entry;
    expect(end(second, "r1", true, NOW + 30_001)).toBeNull();
    expect(end(null, "r1", true, NOW)).toBeNull();
  });
});
