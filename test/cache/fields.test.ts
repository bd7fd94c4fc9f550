import { describe, expect, it } from "vitest";
import { browserCacheControl } from "../../src/cache/browser-ttl.ts";
import { cacheStatusText } from "../../src/cache/cache-status.ts";
import { storableFields } from "../../src/cache/fields.ts";
import { tagsOf } from "../../src/cache/tags.ts";
import { fields } from "./support.ts";

it("what belongs to one connection or one client is not kept", () => {
  const kept = storableFields(
    [
      ["Connection", "a, close"],
      ["A", "1"],
      ["B", "2"],
      ["Keep-Alive", "1"],
      ["Transfer-Encoding", "chunked"],
      ["Proxy-Authenticate", "Basic"],
      ["Proxy-Authentication-Info", "nextnonce=1"],
      ["Proxy-Authorization", "x"],
      ["Proxy-Connection", "close"],
      ["TE", "trailers"],
      ["Trailer", "x"],
      ["Upgrade", "h2c"],
      ["Cache-Status", "other; hit"],
      ["Warning", "110 - x"],
      ["Set-Cookie", "s=1"],
      ["Age", "3"],
      ["X-User", "me"],
      ["Cache-Tag", "t"],
    ],
    new Set(["x-user"]),
    new Set(["cache-tag"]),
  );
  expect(kept).toEqual([["b", "2"]]);
});

it("tags are words, however separated, in lower case and once", () => {
  const read = fields({ "cache-tag": "A, b,,c", "surrogate-key": "c  D" });
  expect(tagsOf(["Cache-Tag".toLowerCase(), "surrogate-key"], read)).toEqual(["a", "b", "c", "d"]);
  const many = Array.from({ length: 1001 }, (_, index) => `t${index}`);
  expect(tagsOf(["cache-tag"], fields({ "cache-tag": many.join(" ") }))).toEqual(many.slice(0, 1000));
});

describe("Cache-Status", () => {
  it("tells a hit", () => {
    expect(cacheStatusText({ hit: true, ttlSeconds: 5, key: "a.test/x" })).toBe('Fairlead; hit; ttl=5; key="a.test/x"');
  });

  it("tells a miss", () => {
    expect(
      cacheStatusText({ hit: false, forward: "stale", forwardStatus: 304, stored: true, collapsed: true, detail: "x" }),
    ).toBe("Fairlead; fwd=stale; fwd-status=304; stored; collapsed; detail=x");
  });

  it("is a structured field whatever the key holds", () => {
    expect(cacheStatusText({ hit: true, key: 'a"\\\u00fc' })).toBe('Fairlead; hit; key="a%22%5C%C3%BC"');
    expect(cacheStatusText({ hit: true, key: 'a"\\b' })).toBe('Fairlead; hit; key="a\\"\\\\b"');
    expect(cacheStatusText({ hit: true, key: "x".repeat(2000) })).toBe("Fairlead; hit");
  });
});

describe("the browser's lifetime", () => {
  it.each<[string | null, number, string]>([
    [null, 0, "max-age=60"],
    ["max-age=3600, public", 0, "public, max-age=60"],
    ["s-maxage=1, immutable", 30, "immutable, max-age=90"],
    ["no-transform, must-revalidate, no-cache", 0, "no-transform, must-revalidate, max-age=60"],
    ["no-store", 0, "no-store"],
    ["private, max-age=5", 0, "private, max-age=5"],
  ])("of %s at age %d is %s", (original, age, expected) =>
    expect(browserCacheControl(original, 60, age)).toBe(expected),
  );
});
