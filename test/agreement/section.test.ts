import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyDelta,
  change,
  deltaSince,
  emptySection,
  MAX_TOMBSTONES,
  type SectionDelta,
  type SectionState,
} from "../../src/agreement/section.ts";

const values = (section: SectionState<number>) =>
  Object.fromEntries(
    [...section.entries].filter(([, { value }]) => value !== null).map(([key, { value }]) => [key, value]),
  );

function sectionWith(...steps: [key: string, value: number | null][]): SectionState<number> {
  const section = emptySection<number>();
  for (const [key, value] of steps) change(section, [{ key, value }]);
  return section;
}

describe("a section", () => {
  it("takes a receiver from any version to the head", () => {
    const source = sectionWith(["a", 1], ["b", 2], ["a", null], ["c", 3]);
    for (let have = 0; have <= 4; have++) {
      const receiver = sectionWith(
        ...(
          [
            ["a", 1],
            ["b", 2],
            ["a", null],
            ["c", 3],
          ] as [string, number | null][]
        ).slice(0, have),
      );
      const delta = deltaSince(source, have);
      expect(delta === null || applyDelta(receiver, delta)).toBe(true);
      expect(receiver.version).toBe(4);
      expect(values(receiver)).toEqual({ b: 2, c: 3 });
    }
  });

  it("repeats nothing that the caller has", () => {
    const source = sectionWith(["a", 1], ["b", 2]);
    expect(deltaSince(source, 2)).toBeNull();
    expect(deltaSince(source, 1)?.entries).toEqual([{ key: "b", version: 2, value: 2 }]);
  });

  it("gives nothing to a caller that is ahead, so that a hub that has just started rolls nobody back", () => {
    expect(deltaSince(sectionWith(["a", 1]), 9)).toBeNull();
  });

  it("refuses a delta from a version it has not reached", () => {
    const receiver = sectionWith(["a", 1]);
    expect(applyDelta(receiver, { from: 3, to: 4, entries: [] })).toBe(false);
    expect(receiver.version).toBe(1);
  });

  it("gives the whole section to a caller from before the forgotten tombstones", () => {
    const source = emptySection<number>();
    change(source, [{ key: "kept", value: 1 }]);
    for (let i = 0; i <= MAX_TOMBSTONES; i++) {
      change(source, [{ key: `k${i}`, value: i }]);
      change(source, [{ key: `k${i}`, value: null }]);
    }
    const receiver = sectionWith(["kept", 1], ["k0", 0]);
    const delta = deltaSince(source, 2);
    expect(delta?.from).toBeNull();
    expect(applyDelta(receiver, delta!)).toBe(true);
    expect(values(receiver)).toEqual({ kept: 1 });
  });

  it("converges whatever is lost, doubled, late or out of order", () => {
    const step = fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.option(fc.nat(9), { nil: null }));
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 60 }),
        (steps, picks) => {
          const source = emptySection<number>();
          const sent: SectionDelta<number>[] = [];
          for (const [key, value] of steps) {
            for (let have = 0; have <= source.version; have++) {
              const delta = deltaSince(source, have);
              if (delta !== null) sent.push(delta);
            }
            sent.push(change(source, [{ key, value }]));
          }
          const receiver = emptySection<number>();
          let version = 0;
          for (const pick of picks) {
            applyDelta(receiver, sent[pick % sent.length]!);
            expect(receiver.version).toBeGreaterThanOrEqual(version);
            version = receiver.version;
            expect(values(receiver)).toEqual(values(sectionWith(...steps.slice(0, version))));
          }
          const last = deltaSince(source, receiver.version);
          if (last !== null) applyDelta(receiver, last);
          expect(values(receiver)).toEqual(values(source));
        },
      ),
    );
  });
});
