import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { purgeKey, purgeOf, type Purge, type PurgeMark } from "../../src/agreement/purge-mark.ts";
import { applyDelta, change, deltaSince, emptySection, type SectionState } from "../../src/agreement/section.ts";
import { hostOf, markHash, pathOf } from "../../src/cache/purge-fold.ts";
import { PurgeIndex, type PurgeMeta } from "../../src/cache/purge-index.ts";
import { purgeEntries } from "../../src/cache/purge-log.ts";
import { purgeVerdict, type PurgeVerdict } from "../../src/cache/purge.ts";

/** A service whose keys leave the query out, so that several URLs come to one name. */
const SERVICE = "s";

/** So short that folding is the rule. */
const LIMITS = { maxExact: 8, foldedAtOnce: 3, maxHashes: 10 };

const purges: fc.Arbitrary<Purge> = fc
  .record({
    kind: fc.constantFrom("tag", "host", "prefix", "url", "everything"),
    service: fc.constantFrom(null, SERVICE, "other"),
    soft: fc.boolean(),
    nth: fc.nat(11),
  })
  .map(({ nth, ...purge }) => ({ ...purge, value: valueOf(purge.kind, nth) }));

function valueOf(kind: Purge["kind"], nth: number): string {
  if (kind === "everything") return "";
  if (kind === "tag") return `t${nth % 4}`;
  if (kind === "host") return `h${nth % 3}.test`;
  return kind === "prefix" ? `h${nth % 3}.test/${"ab".slice(0, nth % 4)}` : `h${nth % 3}.test/ab?q=${nth}`;
}

const METAS: readonly PurgeMeta[] = Array.from({ length: 24 }, (_, index) => ({
  target: `h${index % 3}.test/${["a", "ab", "b"][index % 4] ?? "ab"}`,
  epoch: index,
  tags: [`t${index % 4}`, `t${index % 5}`],
}));

/** Takes a purge in, tells what is new to whoever listens, or judges. */
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("purge"), what: fc.array(purges, { maxLength: 4 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("remove"), nth: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("tell") }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("tell all") }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("judge") }) },
  ),
  { maxLength: 80, size: "max" },
);

/** The verdict read off the marks one by one, in the words of the interface. */
function judgedOneByOne(meta: PurgeMeta, section: SectionState<PurgeMark>): PurgeVerdict {
  const about = [...section.entries.values()].flatMap(({ value }) =>
    value !== null && value.epoch > meta.epoch && isAbout(value, meta) ? [value] : [],
  );
  if (about.some(({ soft }) => !soft)) return "hard";
  return about.length > 0 ? "soft" : "fresh";
}

function isAbout({ kind, service, value }: PurgeMark, { target, tags }: PurgeMeta): boolean {
  if (service !== null && service !== SERVICE) return false;
  if (kind === "tag") return tags.includes(value);
  if (kind === "host") return hostOf(target) === value;
  if (kind === "prefix") return target.startsWith(value);
  if (kind === "url") return target === pathOf(value);
  const hashes = (scope: string | null) => [
    markHash("url", pathOf(target), scope),
    markHash("host", hostOf(target), scope),
    ...tags.map((tag) => markHash("tag", tag, scope)),
  ];
  return kind === "everything" || [...hashes(null), ...hashes(SERVICE)].includes(value);
}

function write(section: SectionState<PurgeMark>, asked: readonly { key: string; value: Purge | null }[]): void {
  const byKey = new Map(purgeEntries(section, asked, LIMITS).map((entry) => [entry.key, entry]));
  applyDelta(section, { from: section.version, to: section.version + 1, entries: [...byKey.values()] });
}

/** What the index says of every stored answer, which has to be what the others say. */
function agreedVerdicts(index: PurgeIndex, section: SectionState<PurgeMark>): PurgeVerdict[] {
  const anew = indexOf(section);
  const verdicts = METAS.map((meta) => purgeVerdict(meta, index));
  expect(index.head).toBe(section.version);
  expect(verdicts).toEqual(METAS.map((meta) => purgeVerdict(meta, anew)));
  expect(verdicts).toEqual(METAS.map((meta) => judgedOneByOne(meta, section)));
  return verdicts;
}

function indexOf(section: SectionState<PurgeMark>): PurgeIndex {
  const index = new PurgeIndex(SERVICE, pathOf);
  index.update(section);
  return index;
}

describe("an index kept up by what changes", () => {
  it("judges as one made anew, and as the marks one by one", () => {
    const seen = new Set<PurgeVerdict>();
    fc.assert(
      fc.property(steps, (taken) => {
        const log = emptySection<PurgeMark>();
        const view = emptySection<PurgeMark>();
        const index = new PurgeIndex(SERVICE, pathOf);
        for (const step of taken) {
          if ("what" in step)
            write(
              log,
              step.what.map((value) => ({ key: purgeKey(value), value })),
            );
          else if ("nth" in step) {
            const key = [...log.entries.keys()][step.nth];
            if (key !== undefined) write(log, [{ key, value: null }]);
          } else if (step.do === "judge") {
            index.update(view);
            for (const verdict of agreedVerdicts(index, view)) seen.add(verdict);
          } else {
            const delta = deltaSince(log, step.do === "tell" ? view.version : 0);
            if (delta !== null) applyDelta(view, delta);
          }
        }
      }),
      { numRuns: 150 },
    );
    expect([...seen].toSorted()).toEqual(["fresh", "hard", "soft"]);
  });

  it("looks at nothing but what is new", () => {
    const section = emptySection<PurgeMark>();
    const url = (value: string): Purge => ({ kind: "url", service: null, soft: false, value });
    const purge = (...values: string[]) => {
      const epoch = section.version + 1;
      change(
        section,
        values.map((value) => ({ key: purgeKey(url(value)), value: { ...url(value), epoch } })),
      );
    };
    purge(...Array.from({ length: 2_000 }, (_, nth) => `a.test/${nth}`));
    const targetOf = vi.fn<(target: string) => string>((target) => target);
    const index = new PurgeIndex(SERVICE, targetOf);
    index.update(section);
    targetOf.mockClear();
    index.update(section);
    expect(targetOf).not.toHaveBeenCalled();
    purge("a.test/7", "a.test/new");
    change(section, [{ key: purgeKey(url("a.test/9")), value: null }]);
    index.update(section);
    expect(targetOf.mock.calls.map(([value]) => value)).toEqual(["a.test/7", "a.test/new", "a.test/9"]);
    const verdictOn = (target: string, epoch: number) => purgeVerdict({ target, epoch, tags: [] }, index);
    expect(verdictOn("a.test/7", 1)).toBe("hard");
    expect(verdictOn("a.test/8", 1)).toBe("fresh");
    expect(verdictOn("a.test/8", 0)).toBe("hard");
    expect(verdictOn("a.test/9", 0)).toBe("fresh");
  });
});

it("a purge is read back from its key", () => {
  fc.assert(
    fc.property(purges, (purge) => {
      expect(purgeOf(purgeKey(purge))).toEqual(purge);
    }),
  );
});

it("hashes are the same in every release: logs are full of them", () => {
  expect(markHash("url", "a.test/x", null)).toBe("aus");
  expect(markHash("tag", "news", "shop")).toBe("b10");
});
