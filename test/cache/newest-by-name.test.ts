import fc from "fast-check";
import { expect, it } from "vitest";
import { NewestByName, type StandingMark } from "../../src/cache/newest-by-name.ts";

const NAMES = ["x", "y", 7];
const KEYS = ["a", "b", "c", "d"];
const LAST_EPOCH = 12;

function markOf(key: string, epoch: number): StandingMark {
  return { key, version: epoch, value: { kind: "url", service: null, value: key, soft: false, epoch } };
}

const steps = fc.array(
  fc.record({
    name: fc.constantFrom(...NAMES),
    key: fc.constantFrom(...KEYS),
    epoch: fc.option(fc.integer({ min: 1, max: LAST_EPOCH }), { nil: null }),
  }),
  { maxLength: 40, size: "max" },
);

it("knows of each name what a list of all its marks would say, whatever is put, put again and removed", () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const newest = new NewestByName();
      const all = new Map<string | number, Map<string, number>>(NAMES.map((name) => [name, new Map()]));
      for (const { name, key, epoch } of taken) {
        if (epoch === null) {
          newest.remove(name, key);
          all.get(name)!.delete(key);
        } else {
          newest.put(name, markOf(key, epoch));
          all.get(name)!.set(key, epoch);
        }
        for (const [each, marks] of all) {
          const latest = Math.max(0, ...marks.values());
          expect(newest.newestEpoch).toBeGreaterThanOrEqual(latest);
          for (let since = 0; since <= LAST_EPOCH; since++) expect(newest.isAfter(each, since)).toBe(latest > since);
        }
      }
    }),
    { numRuns: 60 },
  );
});
