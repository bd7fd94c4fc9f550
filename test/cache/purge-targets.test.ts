import { describe, expect, it } from "vitest";
import { marksOf, type PurgeTargets } from "../../src/cache/purge-targets.ts";

const NOTHING: PurgeTargets = {
  urls: [],
  tags: [],
  prefixes: [],
  hosts: [],
  everything: false,
  soft: false,
  service: null,
};
const valuesOf = (named: Partial<PurgeTargets>) => marksOf({ ...NOTHING, ...named }).map(({ value }) => value);

describe("what a purge names", () => {
  it.each([
    ["https://A.test/X?y=Z#top", "a.test/X?y=Z"],
    ["HTTP://a.test", "a.test/"],
    ["http://a.test?q=1", "a.test/?q=1"],
    ["http://a.test:80/x", "a.test/x"],
    ["https://a.test:443/x", "a.test/x"],
    ["https://a.test:8443/x", "a.test:8443/x"],
    ["http://a.test/X%2Fy/../z", "a.test/X%2Fy/../z"],
    ["http://a.test/café/%C3%A9?q=日本", "a.test/caf%C3%A9/%C3%A9?q=%E6%97%A5%E6%9C%AC"],
    ['http://a.test/"<\u{1f600}>"', "a.test/%22%3C%F0%9F%98%80%3E%22"],
    ["http://a.test/\ud800", "a.test/%EF%BF%BD"],
    ["http://a.test/!$&'()*+,;=:@-._~[]|^{}`?/#x", "a.test/!$&'()*+,;=:@-._~[]|^{}`?/"],
    ["http://Bücher.test:8443/x", "xn--bcher-kva.test:8443/x"],
  ])("is the URL %s stored as %s", (url, value) => expect(valuesOf({ urls: [url] })).toEqual([value]));

  it.each([
    ["a.test/shop/", "a.test/shop/"],
    ["https://A.test/shop", "a.test/shop"],
    ["a.test", "a.test/"],
  ])("is the prefix %s of %s", (prefix, value) => expect(valuesOf({ prefixes: [prefix] })).toEqual([value]));

  it("is told once, in the one case that tags and hosts are compared in", () => {
    expect(valuesOf({ tags: ["A", "a", "b"], hosts: ["A.Test", "a.test."] })).toEqual(["a", "b", "a.test"]);
    expect(valuesOf({ hosts: ["BÜCHER.test", "xn--bcher-kva.test"] })).toEqual(["xn--bcher-kva.test"]);
    expect(valuesOf({ urls: ["http://a.test/x", "http://a.test/x"] })).toEqual(["a.test/x"]);
  });

  it("carries service and softness in every mark", () => {
    const marks = marksOf({ ...NOTHING, tags: ["a"], everything: true, soft: true, service: "shop" });
    expect(marks).toEqual([
      { kind: "tag", value: "a", soft: true, service: "shop" },
      { kind: "everything", value: "", soft: true, service: "shop" },
    ]);
  });

  it("is nothing where nothing is named", () => expect(marksOf(NOTHING)).toEqual([]));
});
