import { expect, it } from "vitest";
import { jsonDiff } from "../../src/api/json-diff.ts";

it("tells where two documents differ, and nothing where they do not", () => {
  const before = { a: 1, list: [{ w: 1 }, { w: 2 }], gone: true, "x/y": { z: null } };
  const after = { a: 1, list: [{ w: 1 }, { w: 3 }, { w: 4 }], "x/y": { z: 0 }, kind: [] };
  expect(jsonDiff(before, after)).toEqual([
    { pointer: "#/list/1/w", before: 2, after: 3 },
    { pointer: "#/list/2", after: { w: 4 } },
    { pointer: "#/x~1y/z", before: null, after: 0 },
    { pointer: "#/kind", after: [] },
    { pointer: "#/gone", before: true },
  ]);
  expect(jsonDiff(after, structuredClone(after))).toEqual([]);
  expect(jsonDiff({ a: [] }, { a: {} })).toEqual([{ pointer: "#/a", before: [], after: {} }]);
});
