import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { difference, undo } from "../../src/agreement/history.ts";
import type { Override } from "../../src/agreement/override.ts";

const weight = (origin: string, weight: number): Override => ({ kind: "weight", origin, weight, expiresAtMs: null });

describe("an earlier revision", () => {
  it("is what stands now with every later change undone, whatever they were", () => {
    const step = fc.record({
      key: fc.constantFrom("a", "b", "c"),
      value: fc.option(fc.integer({ min: 0, max: 9 }), { nil: null }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.nat(20), (steps, at) => {
        const states = [new Map<string, Override>()];
        const revisions = steps.map(({ key, value }) => {
          const before = states.at(-1)!;
          const after = new Map(before);
          if (value === null) after.delete(key);
          else after.set(key, weight(key, value));
          states.push(after);
          return { changes: [{ key, before: before.get(key) ?? null, after: after.get(key) ?? null }] };
        });
        const asked = Math.min(at, steps.length);
        expect(undo(states.at(-1)!, revisions.slice(asked).toReversed())).toEqual(states[asked]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the difference of two states", () => {
  it("takes one to the other, and is empty where they are alike", () => {
    const from = new Map([
      ["a", weight("a", 1)],
      ["b", weight("b", 1)],
    ]);
    const to = new Map([
      ["b", weight("b", 2)],
      ["c", weight("c", 1)],
    ]);
    expect(difference(from, to)).toEqual([
      { key: "a", before: weight("a", 1), after: null },
      { key: "b", before: weight("b", 1), after: weight("b", 2) },
      { key: "c", before: null, after: weight("c", 1) },
    ]);
    expect(difference(from, new Map(from))).toEqual([]);
  });
});
