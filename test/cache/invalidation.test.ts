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

it("a target is invalidated as it came, since answers to it are stored under what came", () => {
  const odd = "https://a.test./w/../x/%7e?q='1'";
  expect(invalidatedUrls("PUT", odd, 204, fields({}))).toEqual([odd]);
});

it("a host with the root's dot is the same host", () => {
  const named = fields({ location: "https://a.test./z", "content-location": "https://a.test.:443/w" });
  expect(invalidatedUrls("POST", "https://a.test/x", 201, named)).toEqual([
    "https://a.test/x",
    "https://a.test/z",
    "https://a.test/w",
  ]);
  expect(invalidatedUrls("POST", "https://a.test./x", 201, fields({ location: "https://a.test/z" }))).toEqual([
    "https://a.test./x",
    "https://a.test/z",
  ]);
  expect(invalidatedUrls("POST", "https://a.test./x", 201, fields({ location: "https://a.test:8443/z" }))).toHaveLength(
    1,
  );
  expect(locatesTarget("https://a.test/x", "https://a.test./x#f")).toBe(true);
});

it("knows a response that names its own target", () => {
  expect(locatesTarget("https://a.test/x", "/x")).toBe(true);
  expect(locatesTarget("https://a.test/x", "/y")).toBe(false);
  expect(locatesTarget("https://a.test/x", null)).toBe(false);
});
