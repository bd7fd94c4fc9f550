import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
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

  it("takes a whole section, and a delta, whose entries come in any order", () => {
    const source = sectionWith(["a", 1], ["b", 2], ["c", 3], ["a", 4]);
    for (const have of [0, 1, 2]) {
      const delta = deltaSince(source, have)!;
      const receiver = sectionWith(
        ...(
          [
            ["a", 1],
            ["b", 2],
          ] as [string, number][]
        ).slice(0, have),
      );
      applyDelta(receiver, { ...delta, entries: delta.entries.toReversed() });
      expect(values(receiver)).toEqual(values(source));
      change(receiver, [{ key: "b", value: 5 }]);
      expect(deltaSince(receiver, 4)?.entries).toEqual([{ key: "b", version: 5, value: 5 }]);
    }
  });

  it("tells what is missing by looking at nothing else", () => {
    const source = emptySection<number>();
    for (let i = 0; i < 1_000; i++) change(source, [{ key: `k${i}`, value: i }]);
    for (let i = 0; i < 5_000; i++) change(source, [{ key: `k${i % 10}`, value: i }]);
    const looks = vi.spyOn(source.replaced, "has");
    const walks = [vi.spyOn(source.entries, Symbol.iterator), vi.spyOn(source.inOrder, "filter")];
    for (let changes = 1; changes <= 10; changes++) {
      looks.mockClear();
      expect(deltaSince(source, source.version - changes)?.entries).toHaveLength(changes);
      expect(looks).toHaveBeenCalledTimes(changes);
    }
    for (const walk of walks) expect(walk).not.toHaveBeenCalled();
  });

  it("keeps no more replaced entries than standing ones", () => {
    const source = emptySection<number>();
    for (let i = 0; i < 1_000; i++) change(source, [{ key: `k${i}`, value: i }]);
    for (let i = 0; i < 10_000; i++) {
      change(source, [{ key: `k${i % 7}`, value: i }]);
      expect(source.inOrder.length).toBe(1_000 + source.replaced.size);
      expect(source.replaced.size).toBeLessThan(1_000);
    }
  });

  it("gives exactly the entries that are newer, in the order of their versions", () => {
    const entry = fc.record({
      key: fc.constantFrom("a", "b", "c", "d", "e"),
      value: fc.option(fc.nat(9), { nil: null }),
    });
    const step = fc.uniqueArray(entry, { selector: ({ key }) => key, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: "max" }), fc.nat(120), (steps, halfway) => {
        const source = emptySection<number>();
        let taught = emptySection<number>();
        for (const [at, entries] of steps.entries()) {
          change(source, entries);
          // Another that learnt it all at once, and goes on with what is new.
          if (at === halfway) taught = emptySection();
          if (at % 3 === 0) applyDelta(taught, deltaSince(source, taught.version)!);
          for (const section of [source, taught]) {
            for (let have = section.floor; have < section.version; have++) {
              const newer = [...section.entries.values()]
                .filter(({ version, value }) => version > have && (have > 0 || value !== null))
                .toSorted((a, b) => a.version - b.version || a.key.localeCompare(b.key));
              const delta = deltaSince(section, have)!;
              expect(delta.from).toBe(have === 0 ? null : have);
              const versions = delta.entries.map(({ version }) => version);
              expect(versions).toEqual(versions.toSorted((a, b) => a - b));
              expect(delta.entries.toSorted((a, b) => a.version - b.version || a.key.localeCompare(b.key))).toEqual(
                newer,
              );
            }
          }
        }
      }),
      { numRuns: 8 },
    );
  });

  it("gives a delta to who was up to date lately, however much is removed at once and whatever is forgotten", () => {
    const source = emptySection<number>();
    const keys = Array.from({ length: 3 * MAX_TOMBSTONES }, (_, i) => `k${i}`);
    change(
      source,
      ["kept", ...keys].map((key) => ({ key, value: 1 })),
    );
    const receiver = emptySection<number>();
    applyDelta(receiver, deltaSince(source, 0)!);
    change(
      source,
      keys.map((key) => ({ key, value: null })),
    );
    const delta = deltaSince(source, 1)!;
    expect(delta.from).toBe(1);
    expect(delta.entries).toHaveLength(keys.length);
    applyDelta(receiver, delta);
    expect(values(receiver)).toEqual({ kept: 1 });
    change(source, [{ key: "more", value: 2 }]);
    expect(source.tombstones).toBe(MAX_TOMBSTONES / 2);
    expect(deltaSince(source, 2)).toEqual({ from: 2, to: 3, entries: [{ key: "more", version: 3, value: 2 }] });
    expect(deltaSince(source, 1)?.from).toBeNull();
    applyDelta(receiver, deltaSince(source, receiver.version)!);
    expect(values(receiver)).toEqual(values(source));
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
