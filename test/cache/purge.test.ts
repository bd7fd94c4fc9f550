import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { purgeKey, type PurgeMark } from "../../src/agreement/purge-mark.ts";
import { foldMarks } from "../../src/cache/purge-fold.ts";
import { applyDelta, emptySection } from "../../src/agreement/section.ts";
import { PurgeIndex, type PurgeMeta } from "../../src/cache/purge-index.ts";
import { purgeVerdict } from "../../src/cache/purge.ts";
import { compileTarget } from "../../src/cache/key.ts";

const same = (target: string) => target;
const meta = (over: Partial<PurgeMeta> = {}): PurgeMeta => ({
  target: "a.test/x/y?z=1",
  epoch: 3,
  tags: ["t", "u"],
  ...over,
});
const mark = (over: Partial<PurgeMark>): PurgeMark => ({
  kind: "tag",
  service: null,
  value: "t",
  soft: false,
  epoch: 4,
  ...over,
});
/** The index of a service that finds these marks in force. */
function indexOf(marks: readonly PurgeMark[], { head = 0, targetOf = same, service = "s" } = {}): PurgeIndex {
  const section = emptySection<PurgeMark>();
  const to = Math.max(head, ...marks.map(({ epoch }) => epoch));
  const entries = marks.map((value) => ({ key: purgeKey(value), version: value.epoch, value }));
  applyDelta(section, { from: null, to, entries });
  const index = new PurgeIndex(service, targetOf);
  index.update(section);
  return index;
}

const verdict = (marks: PurgeMark[], of = meta(), targetOf = same) => purgeVerdict(of, indexOf(marks, { targetOf }));

describe("a stored response is purged", () => {
  it.each<Partial<PurgeMark>>([
    {},
    { value: "u" },
    { kind: "host", value: "a.test" },
    { kind: "prefix", value: "a.test/x" },
    { kind: "url", value: "a.test/x/y?z=1" },
    { kind: "everything", value: "" },
    { kind: "everything", value: "", service: "s" },
  ])("by a later %o", (over) => {
    expect(verdict([mark(over)])).toBe("hard");
    expect(verdict([mark({ ...over, soft: true })])).toBe("soft");
    expect(verdict([mark({ ...over, epoch: 3 })])).toBe("fresh");
    expect(verdict([mark({ ...over, service: "other" })])).toBe("fresh");
  });

  it("hard, where it is purged both ways", () => {
    expect(verdict([mark({ soft: true, epoch: 9 }), mark({ kind: "host", value: "a.test" })])).toBe("hard");
  });

  it("by no purge of something else, and by none before it", () => {
    expect(verdict([mark({ value: "v" }), mark({ kind: "prefix", value: "a.test/z" })])).toBe("fresh");
    expect(purgeVerdict(meta({ epoch: 0 }), indexOf([]))).toBe("fresh");
  });

  it("by a URL with parameters that its key leaves out", () => {
    const targetOf = compileTarget({ query: { exclude: ["utm_*"] }, sortQuery: false });
    const purge = mark({ kind: "url", value: "a.test/x?utm_source=q" });
    expect(verdict([purge], meta({ target: "a.test/x" }), (target) => targetOf(`://${target}`))).toBe("hard");
  });
});

describe("folding", () => {
  const marks: fc.Arbitrary<PurgeMark[]> = fc
    .array(
      fc.record({
        kind: fc.constantFrom("tag", "host", "prefix", "url", "everything"),
        service: fc.constantFrom(null, "s", "other"),
        value: fc.nat(5),
        soft: fc.boolean(),
      }),
      { maxLength: 60 },
    )
    .map((list) =>
      list.map((order, index): PurgeMark => ({ ...order, epoch: index + 1, value: valueOf(order.kind, order.value) })),
    );
  const metas: fc.Arbitrary<PurgeMeta> = fc.record({
    target: fc.nat(5).chain((host) => fc.nat(5).map((path) => `h${host}.test/${path}?q=${path % 2}`)),
    epoch: fc.nat(60),
    tags: fc.array(fc.nat(5).map(String), { maxLength: 3 }),
  });

  function valueOf(kind: PurgeMark["kind"], n: number): string {
    if (kind === "everything") return "";
    if (kind === "tag") return String(n);
    if (kind === "host") return `h${n}.test`;
    return kind === "prefix" ? `h${n}.test/${n}` : `h${n}.test/${n}?q=${n % 2}`;
  }

  function folded(list: readonly PurgeMark[], maxExact: number, maxHashes: number): PurgeMark[] {
    const fold = foldMarks(list, maxExact, maxHashes);
    return fold === null ? [...list] : [...list.filter((one) => !fold.remove.includes(one)), ...fold.put];
  }

  it("finds again what a hash alone cannot: a URL by its path, a prefix by its host", () => {
    const list = [
      mark({ kind: "url", value: "h1.test/1?q=1", epoch: 1 }),
      mark({ kind: "prefix", value: "h2.test/2", epoch: 2, soft: true }),
    ];
    const after = indexOf(folded(list, 0, 100));
    expect(purgeVerdict(meta({ target: "h1.test/1?q=1", epoch: 0 }), after)).toBe("hard");
    expect(purgeVerdict(meta({ target: "h2.test/2/3", epoch: 1 }), after)).toBe("hard");
  });

  it("never purges less than before", () => {
    const rank = { fresh: 0, soft: 1, hard: 2 };
    fc.assert(
      fc.property(
        marks,
        fc.array(metas, { minLength: 1, maxLength: 20 }),
        fc.nat(20),
        // Fewer than there will be, and the older half becomes one purge of everything; or enough.
        fc.oneof(fc.nat(8), fc.constant(100)),
        fc.constantFrom("s", "other"),
        (list, all, exact, hashes, service) => {
          const of = { head: list.length, service };
          const before = indexOf(list, of);
          // Twice, as compaction does: what is folded is folded on.
          const once = folded(list, exact + 10, hashes);
          const after = indexOf(folded(once, exact, hashes), of);
          for (const one of all)
            expect(rank[purgeVerdict(one, after)]).toBeGreaterThanOrEqual(rank[purgeVerdict(one, before)]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("leaves what came after every purge alone", () => {
    fc.assert(
      fc.property(marks, metas, (list, one) => {
        const after = indexOf(folded(list, 0, 2), { head: list.length });
        expect(purgeVerdict({ ...one, epoch: list.length }, after)).toBe("fresh");
      }),
    );
  });

  it("keeps the list short", () => {
    const list = Array.from({ length: 40 }, (_, index) => mark({ value: String(index), epoch: index + 1 }));
    expect(foldMarks(list, 40)).toBeNull();
    expect(folded(list, 10, 100).filter(({ kind }) => kind !== "hash")).toHaveLength(10);
    expect(folded(list, 10, 5).length).toBeLessThan(30);
  });
});
