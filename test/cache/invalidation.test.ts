import { expect, it } from "vitest";
import { invalidatedUrls, locatesTarget } from "../../src/cache/invalidation.ts";
import { fields } from "./support.ts";

const urls = (method: string, status: number, response: Record<string, string> = {}) =>
  invalidatedUrls(method, "https://a.test/x?y=1", status, fields(response));

it.each(["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "BREW"])(
  "a %s that succeeds invalidates its target",
  (method) => {
    expect(urls(method, 200)).toEqual(["https://a.test/x?y=1"]);
    expect(urls(method, 303)).toEqual(["https://a.test/x?y=1"]);
  },
);

it("a request that fails or changes nothing invalidates nothing", () => {
  expect(urls("POST", 500)).toEqual([]);
  expect(urls("POST", 404)).toEqual([]);
  expect(urls("GET", 200)).toEqual([]);
  expect(urls("OPTIONS", 200)).toEqual([]);
});

it("a URL that is none has nothing stored", () => {
  const outlandish = "http://a.test:99999/x";
  expect(invalidatedUrls("POST", outlandish, 200, fields({ location: "/y" }))).toEqual([]);
  expect(locatesTarget(outlandish, "http://a.test/x")).toBe(false);
});

it("what Location and Content-Location name goes with it, on the same origin only", () => {
  expect(urls("POST", 201, { location: "z", "content-location": "/w#f" })).toEqual([
    "https://a.test/x?y=1",
    "https://a.test/z",
    "https://a.test/w",
  ]);
  expect(urls("POST", 201, { location: "https://b.test/x", "content-location": "http://[" })).toHaveLength(1);
});

it("knows a response that names its own target", () => {
  expect(locatesTarget("https://a.test/x", "/x")).toBe(true);
  expect(locatesTarget("https://a.test/x", "/y")).toBe(false);
  expect(locatesTarget("https://a.test/x", null)).toBe(false);
});
