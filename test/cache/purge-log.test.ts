import { expect, it } from "vitest";
import { purgeKey, type Purge, type PurgeMark } from "../../src/agreement/purge-mark.ts";
import { applyDelta, emptySection } from "../../src/agreement/section.ts";
import { isExact } from "../../src/cache/purge-fold.ts";
import { purgeEntries } from "../../src/cache/purge-log.ts";

const LIMITS = { maxExact: 20, foldedAtOnce: 5 };

it("a full log folds a few marks at once, so that the purges after that write one each", () => {
  const log = emptySection<PurgeMark>();
  let folds = 0;
  for (let nth = 0; nth < 200; nth++) {
    const purge: Purge = { kind: "tag", service: null, soft: false, value: `t${nth}` };
    const entries = purgeEntries(log, [{ key: purgeKey(purge), value: purge }], LIMITS);
    applyDelta(log, { from: log.version, to: log.version + 1, entries });
    const standing = [...log.entries.values()].flatMap(({ value }) => value ?? []);
    expect(standing.filter(isExact).length).toBe(nth < 20 ? nth + 1 : 15 + ((nth - 20) % 6));
    if (entries.length > 1) folds++;
  }
  // The purge that finds it full makes room for itself and for five more.
  expect(folds).toBe(180 / 6);
});
