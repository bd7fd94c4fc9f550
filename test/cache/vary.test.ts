import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selectionOf, selectionText, selects, varyNames } from "../../src/cache/vary.ts";
import { fields } from "./support.ts";

const matches = (name: string, first: string | null, second: string | null, language: string | null = null) => {
  const read = (value: string | null) => fields(value === null ? {} : { [name]: value });
  return selects(selectionOf([name], read(first)), language, read(second));
};

describe("Vary", () => {
  it.each(["*", "*, *", ", *", "*, foo", "foo, *", '"', 'foo, b"r', "a b", "max-age=5;x", "f\u00f6\u00f6"])(
    "%s is selected by nothing",
    (text) => expect(varyNames(text)).toBe("*"),
  );

  it("names fields once and in one order", () => {
    expect(varyNames("Foo, bar,foo")).toEqual(["bar", "foo"]);
    expect(varyNames(null)).toEqual([]);
  });
});

describe("a request selects a response", () => {
  it.each([
    ["foo", "1", "1", true],
    ["foo", "1", "2", false],
    ["foo", "1", null, false],
    ["foo", null, "1", false],
    ["foo", null, null, true],
    ["foo", "1,2", " 1 ,  2 ", true],
    ["foo", '"a, b"', '"a,b"', false],
    ["accept-encoding", "gzip, deflate, br", "br, gzip, deflate", true],
    ["accept-encoding", "gzip;q=0.8, br", "br;q=0.5, gzip", true],
    ["accept-encoding", "gzip, br", "gzip", false],
    ["accept-encoding", "gzip;q=0", "identity", true],
    ["accept-encoding", "gzip;q=0, gzip", "identity", true],
    ["accept-encoding", "x-gzip", "gzip", true],
    ["accept-encoding", "*, x-gzip;q=0", "br, zstd, deflate", true],
    ["accept-encoding", "gzip, identity;q=0", "gzip", false],
    ["accept-encoding", "gzip, dcz", "gzip", false],
    ["accept-encoding", "dcz, gzip, compress", "compress;q=0.5, gzip, DCZ", true],
    ["accept-encoding", "gzip, compress;q=0", "gzip", true],
    ["accept-language", "en, de", "de, EN", true],
    ["accept-language", "en, de;q=0.5", "de, en;q=0.5", false],
  ])("%s: %s then %s: %s", (name, first, second, expected) => expect(matches(name, first, second)).toBe(expected));

  it("in the language it wants most, and in no other", () => {
    expect(matches("accept-language", "en, de", "fr;q=0.5, de", "de")).toBe(true);
    expect(matches("accept-language", "en, de", "fr, de;q=0.5", "de")).toBe(false);
    expect(matches("accept-language", "en, de", "fr, de", "de")).toBe(false);
    expect(matches("accept-language", "en, de", "de", "de, fr")).toBe(false);
  });
});

it("finds what is normal as it is", () => {
  const names = ["accept-encoding", "accept-language", "foo"];
  const texts = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.stringMatching(/^(?:(?:gzip|x-gzip|br|en|EN-gb|\*|identity)(?:;q=[01](?:\.\d{0,3})?)? ?, ?){0,4}(?:de|")?$/),
  );
  fc.assert(
    fc.property(fc.record(Object.fromEntries(names.map((name) => [name, texts]))), (values) => {
      const selection = selectionOf(names, fields(values));
      const normal = Object.fromEntries(selection) as Record<string, string>;
      expect(selectionOf(names, fields(normal))).toEqual(selection);
    }),
    { numRuns: 1_000 },
  );
});

it("tells an absent field from an empty one, and no value passes for two", () => {
  const text = (values: Record<string, string>) => selectionText(selectionOf(["a", "b"], fields(values)));
  expect(text({ a: "1&b=2" })).not.toBe(text({ a: "1", b: "2" }));
  expect(text({ a: "" })).not.toBe(text({}));
});
