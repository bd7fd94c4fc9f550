import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileKey, compileTarget, hasOtherCookies } from "../../src/cache/key.ts";
import { fields, rule } from "./support.ts";

const keyOf = (url: string, key: object = {}, headers: Record<string, string> = {}, country: string | null = null) =>
  compileKey("s", rule({ key }).key)({ url, field: fields(headers), country });

const target = (url: string, key: object = {}) => keyOf(url, key).target;

describe("the target in a key", () => {
  it("is host, path and query by default, per scheme and service", () => {
    expect(target("https://a.test/x?b=1&a=2")).toBe("a.test/x?b=1&a=2");
    expect(keyOf("http://a.test/x").primary).not.toBe(keyOf("https://a.test/x").primary);
    expect(compileKey("t", rule().key)({ url: "http://a.test/x", field: () => null, country: null }).primary).not.toBe(
      keyOf("http://a.test/x").primary,
    );
  });

  it.each<[object, string]>([
    [{ query: "none" }, "a.test/x"],
    [{ query: { include: ["id"] } }, "a.test/x?id=1"],
    [{ query: { exclude: ["utm_*"] } }, "a.test/x?b=2&id=1"],
    [{ query: { exclude: ["utm_*"] }, sortQuery: true }, "a.test/x?b=2&id=1"],
    [{ sortQuery: true }, "a.test/x?b=2&id=1&utm_source=z"],
  ])("%o leaves %s", (key, expected) => expect(target("https://a.test/x?b=2&utm_source=z&id=1", key)).toBe(expected));

  it("has one way to write a host", () => {
    expect(target("http://A.Test/X")).toBe("a.test/X");
    expect(target("http://a.test:80/X?Y")).toBe("a.test/X?Y");
    expect(target("https://a.test:443/")).toBe("a.test/");
    expect(target("http://a.test:8080/")).toBe("a.test:8080/");
    expect(target("http://a.test./X.?y.")).toBe("a.test/X.?y.");
    expect(target("https://A.test.:443")).toBe("a.test");
    expect(target("http://a.test.:8080/")).toBe("a.test:8080/");
  });

  it("knows a parameter however it is escaped", () => {
    expect(target("https://a.test/?%75tm_source=z&%zz=1", { query: { exclude: ["utm_*"] } })).toBe("a.test/?%zz=1");
  });

  it("keeps the order of repeated parameters when it sorts", () => {
    expect(target("https://a.test/?b=2&a=3&b=1", { sortQuery: true })).toBe("a.test/?a=3&b=2&b=1");
  });

  it("is the same for purges, which know no scheme", () => {
    expect(compileTarget({ query: { exclude: ["utm_*"] }, sortQuery: false })("://a.test/x?utm_a=1")).toBe("a.test/x");
  });
});

describe("the extras in a key", () => {
  it("tell headers, cookies, country and device apart", () => {
    const key = { headers: ["X-Tenant"], cookies: ["lang"], country: true, device: true };
    const one = keyOf("https://a.test/", key, { "x-tenant": "a", cookie: "lang=de; sid=1" }, "DE").extras;
    const mobile = { "x-tenant": "a", cookie: "lang=de", "user-agent": "Mozilla (iPhone) Mobile" };
    expect(keyOf("https://a.test/", key, { "x-tenant": "a", cookie: "sid=2; lang=de" }, "DE").extras).toBe(one);
    expect(keyOf("https://a.test/", key, mobile, "DE").extras).not.toBe(one);
    expect(keyOf("https://a.test/", key, { "x-tenant": "a", cookie: "lang=de" }, "FR").extras).not.toBe(one);
  });

  it.each([
    ["a=en,US", "a=en,CA"],
    ["a=1, b=2", "a=1, b=3"],
    ["b=2; a=1", "b=2; a=2"],
    ["a=1; a=2", "a=1; a=3"],
    ["a=2; a=1", "a=3; a=1"],
    ["a=", ""],
    ["a==1", "a=1"],
  ])("tell the cookies %s from %s, however a server reads them", (one, other) => {
    const extras = (cookie: string) => keyOf("https://a.test/", { cookies: ["a", "b"] }, { cookie }).extras;
    expect(extras(one)).not.toBe(extras(other));
    expect(extras(`c=1; ${one}`)).toBe(extras(`${one}; c=2`));
  });

  it("never make one of two different sets of values", () => {
    const values = fc.record({ "x-a": fc.string(), "x-b": fc.string() }, { requiredKeys: [] });
    fc.assert(
      fc.property(values, values, (first, second) => {
        const extras = (headers: Record<string, string>) =>
          keyOf("https://a.test/", { headers: ["x-a", "x-b"] }, headers).extras;
        const isSame = ["x-a", "x-b"].every((name) => Reflect.get(first, name) === Reflect.get(second, name));
        expect(extras(first) === extras(second)).toBe(isSame);
      }),
    );
  });

  it("grow with the cookies and not with their square, whoever repeats a name", () => {
    for (const separator of [",", ";"]) {
      const cookie = Array.from({ length: 2_000 }, (_, at) => `a=${at}`).join(separator);
      const { extras } = keyOf("https://a.test/", { cookies: ["a"] }, { cookie });
      expect(extras.length).toBeLessThan(4 * cookie.length);
      expect(extras).toContain("1999");
    }
  });
});

describe("cookies outside the key", () => {
  it.each<[string | null, string[], boolean]>([
    [null, [], false],
    ["", [], false],
    ["a=1", [], true],
    ["a=1", ["a"], false],
    ["a=1; b=2", ["a"], true],
    ["garbage", [], true],
    ["garbage; a=1", ["a", "garbage"], false],
    [" ; a = 1 ;; a=2", ["a"], false],
    ["a=b=1, c=2", ["a"], true],
  ])("%s beside %o: %s", (cookie, cookies, expected) =>
    expect(hasOtherCookies(cookie, { cookies, headers: [] })).toBe(expected),
  );

  it("are none where the whole field is in the key", () => {
    expect(hasOtherCookies("a=1", { cookies: [], headers: ["Cookie"] })).toBe(false);
  });
});
