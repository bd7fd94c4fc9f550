import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerRange, ifRangeHolds, parseContentRange, parseRange } from "../../src/cache/range.ts";
import { httpDate, NOW_MS, stored } from "./support.ts";

const BODY = "0123456789";

function cut(range: string, held = BODY, contentRange: string | null = null): string {
  const answer = answerRange(parseRange(range), held.length, parseContentRange(contentRange));
  return answer.kind === "part" ? held.slice(answer.offset, answer.offset + answer.length) : answer.kind;
}

describe("a range of a whole body", () => {
  it.each([
    ["bytes=0-1", "01"],
    ["bytes=8-", "89"],
    ["bytes=-3", "789"],
    ["bytes=-99", BODY],
    ["bytes=5-99", "56789"],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=0-1,3-4", "whole"],
    ["bytes=3-1", "whole"],
    ["bytes=a-b", "whole"],
    ["bytes=-", "whole"],
    ["items=0-1", "whole"],
  ])("%s: %s", (range, expected) => expect(cut(range)).toBe(expected));

  it("is what an array would give", () => {
    fc.assert(
      fc.property(fc.nat(12), fc.nat(12), (first, last) => {
        const expected = first > last ? "whole" : first > 9 ? "unsatisfiable" : BODY.slice(first, last + 1);
        expect(cut(`bytes=${first}-${last}`)).toBe(expected);
      }),
    );
  });
});

describe("a range of a stored part", () => {
  it.each([
    ["bytes=5-6", "56"],
    ["bytes=5-", "56789"],
    ["bytes=-2", "89"],
    ["bytes=3-5", "absent"],
    ["bytes=-6", "absent"],
    ["bytes=10-", "unsatisfiable"],
  ])("%s of the last five bytes: %s", (range, expected) => expect(cut(range, "56789", "bytes 5-9/10")).toBe(expected));

  it.each([
    ["bytes=2-3", "23"],
    ["bytes=2-", "absent"],
    ["bytes=-1", "absent"],
    ["bytes=4-5", "absent"],
  ])("%s of bytes 2 to 4 of nobody knows how many: %s", (range, expected) =>
    expect(cut(range, "234", "bytes 2-4/*")).toBe(expected),
  );

  it("is nothing for who asks for the whole", () => {
    expect(answerRange({ kind: "none" }, 5, parseContentRange("bytes 5-9/10")).kind).toBe("absent");
  });
});

it.each(["bytes 5-4/10", "bytes 5-10/10", "bytes */10", "5-9/10", "", null])("%s is no part of anything", (text) =>
  expect(parseContentRange(text)).toBeNull(),
);

describe("If-Range", () => {
  const own = (response: Record<string, string>) => stored(response).fields;
  it.each<[string | null, Record<string, string>, boolean]>([
    [null, {}, true],
    ['"a"', { etag: '"a"' }, true],
    ['"a"', { etag: 'W/"a"' }, false],
    ['W/"a"', { etag: 'W/"a"' }, false],
    ['"b"', { etag: '"a"' }, false],
    [httpDate(-100), { "last-modified": httpDate(-100) }, true],
    [httpDate(-10), { "last-modified": httpDate(-10) }, false],
    [httpDate(-99), { "last-modified": httpDate(-100) }, false],
  ])("%s on %o: %s", (ifRange, response, expected) =>
    expect(ifRangeHolds(ifRange, own(response), NOW_MS)).toBe(expected),
  );
});
