import { describe, expect, it } from "vitest";
import { isNotModified, validationFields, wellFormedTags } from "../../src/cache/conditional.ts";
import { confirmedBy, describesSame, updated } from "../../src/cache/update.ts";
import { fieldOf } from "../../src/cache/fields.ts";
import { httpDate, NOW_MS, stored } from "./support.ts";

const has = (response: Record<string, string>, ifNoneMatch: string | null, ifModifiedSince: string | null = null) =>
  isNotModified({ ifNoneMatch, ifModifiedSince }, stored(response).fields, NOW_MS, NOW_MS);

describe("a client already has the stored response", () => {
  it.each([
    ['"a"', '"a"', true],
    ['W/"a"', '"a"', true],
    ['"a"', 'W/"a"', true],
    ['"a"', '"x", "a", "y"', true],
    ['"a,b"', '"x", "a,b"', true],
    ['"a"', '"b"', false],
    ['"a"', "*", true],
    ["a", '"a"', true],
    ['"a"', "a", true],
    ['"a"', '"A"', false],
  ])("%s against %s: %s", (etag, tags, expected) => expect(has({ etag }, tags)).toBe(expected));

  it("by date only where it sends no tags", () => {
    const response = { etag: '"a"', "last-modified": httpDate(-100) };
    expect(has(response, null, httpDate(-100))).toBe(true);
    expect(has(response, null, httpDate(-101))).toBe(false);
    expect(has(response, '"b"', httpDate(-100))).toBe(false);
    expect(has(response, null, "nonsense")).toBe(false);
    expect(has({ date: httpDate(-50) }, null, httpDate(-50))).toBe(true);
    expect(has({ date: httpDate(-50) }, null, httpDate(-51))).toBe(false);
    expect(has({ date: "none" }, null, httpDate(0))).toBe(true);
    expect(has({ date: "none" }, null, httpDate(-1))).toBe(false);
  });

  it("by the time it came where it has no date of its own", () => {
    expect(has({}, null, httpDate(0))).toBe(true);
    expect(has({}, null, httpDate(-1))).toBe(false);
  });
});

describe("validating", () => {
  it("names all tags, and the date of a single response", () => {
    const one = stored({ etag: '"a"', "last-modified": httpDate(-1) }).fields;
    expect(validationFields([one])).toEqual([
      ["if-none-match", '"a"'],
      ["if-modified-since", httpDate(-1)],
    ]);
    expect(validationFields([one, stored({ etag: 'W/"b"' }).fields])).toEqual([["if-none-match", '"a", W/"b"']]);
    expect(validationFields([stored().fields])).toEqual([]);
  });

  it("gives forgotten quotes back", () => {
    expect(wellFormedTags("a")).toBe('"a"');
    expect(wellFormedTags('"a", b, W/"c"')).toBe('"a", "b", W/"c"');
    expect(wellFormedTags("*")).toBe("*");
  });
});

describe("a 304", () => {
  const candidate = (etag: string | null, target = "x") => ({
    stored: stored(etag === null ? {} : { etag }, { target }),
  });

  it("confirms the response it names", () => {
    const [a, b] = [candidate('"a"', "a"), candidate('"b"', "b")];
    expect(confirmedBy([["etag", '"b"']], [a, b])).toBe(b);
    expect(confirmedBy([["etag", 'W/"a"']], [a, b])).toBe(a);
    expect(confirmedBy([["etag", '"c"']], [a, b])).toBeNull();
    const weak = candidate('W/"b"');
    expect(confirmedBy([["etag", '"b"']], [weak, b])).toBe(b);
    expect(confirmedBy([["etag", '"b"']], [weak, a])).toBe(weak);
  });

  it("confirms no response that it calls by another name, even the only one there is", () => {
    expect(confirmedBy([["etag", '"b"']], [candidate('"a"')])).toBeNull();
    const modified = { stored: stored({ "last-modified": "Thu, 18 Aug 2022 02:01:18 GMT" }) };
    expect(confirmedBy([["last-modified", "Fri, 19 Aug 2022 02:01:18 GMT"]], [modified])).toBeNull();
    expect(confirmedBy([["last-modified", "Thu, 18 Aug 2022 02:01:18 GMT"]], [modified])).toBe(modified);
    expect(confirmedBy([["etag", '"b"']], [modified])).toBe(modified);
  });

  it("confirms the only one there is, and none of several, where it names none", () => {
    const a = candidate('"a"');
    expect(confirmedBy([], [a])).toBe(a);
    expect(confirmedBy([], [a, candidate('"b"')])).toBeNull();
  });

  it("updates every field but those about the bytes and the connection", () => {
    const old = stored({ a: "1", b: "1", "content-length": "5", "content-encoding": "gzip" });
    const now = updated(old, {
      fields: [
        ["A", "2"],
        ["content-length", "0"],
        ["content-encoding", "br"],
        ["connection", "x"],
        ["x", "1"],
        ["set-cookie", "s=1"],
        ["age", "3"],
      ],
      times: { requestMs: NOW_MS + 1, responseMs: NOW_MS + 2 },
      epoch: 7,
    });
    expect(Object.fromEntries(now.fields)).toEqual({
      date: httpDate(0),
      a: "2",
      b: "1",
      "content-length": "5",
      "content-encoding": "gzip",
    });
    expect([now.epoch, now.initialAge, now.times.responseMs]).toEqual([7, "3", NOW_MS + 2]);
  });

  it("leaves the coding of stored bytes alone, whatever it calls it", () => {
    const codingAfter = (own: string, told: string) =>
      fieldOf(
        updated(stored({ "content-encoding": own }), {
          fields: [["content-encoding", told]],
          times: { requestMs: 0, responseMs: 0 },
          epoch: 0,
        }).fields,
        "content-encoding",
      );
    expect([codingAfter("gzip", "x"), codingAfter("x", "gzip"), codingAfter("x", "y")]).toEqual(["gzip", "x", "y"]);
  });

  it("takes away fields it declares private", () => {
    const now = updated(stored({ "x-user": "1" }), {
      fields: [["cache-control", 'private="x-user"']],
      times: { requestMs: 0, responseMs: 0 },
      epoch: 0,
    });
    expect(fieldOf(now.fields, "x-user")).toBeNull();
  });
});

it("a HEAD answer is about the same bytes unless a validator or the length differs", () => {
  const own = stored({ etag: '"a"', "content-length": "5" }).fields;
  expect(describesSame([["etag", '"a"']], own)).toBe(true);
  expect(describesSame([["etag", '"b"']], own)).toBe(false);
  expect(describesSame([["content-length", "6"]], own)).toBe(false);
  expect(describesSame([["last-modified", httpDate(0)]], own)).toBe(true);
});
