import { describe, expect, it } from "vitest";
import { addressOf, comparablePath } from "../../src/proxy/address.ts";

describe("taking a URL apart", () => {
  it.each([
    ["http://demo.localhost/a/b?c=d", { scheme: "http", host: "demo.localhost", target: "/a/b?c=d", path: "/a/b" }],
    ["https://Demo.LOCALHOST:8443/", { scheme: "https", host: "demo.localhost", target: "/", path: "/" }],
    ["http://demo", { scheme: "http", host: "demo", target: "/", path: "/" }],
    ["http://demo?q", { scheme: "http", host: "demo", target: "/?q", path: "/" }],
    ["http://demo/%2e%2E/%41?x=%zz", { scheme: "http", host: "demo", target: "/%2e%2E/%41?x=%zz", path: "/A" }],
    ["http://demo.localhost./x", { scheme: "http", host: "demo.localhost", target: "/x", path: "/x" }],
    ["https://Demo.Localhost.:8443", { scheme: "https", host: "demo.localhost", target: "/", path: "/" }],
    ["http://demo../x", { scheme: "http", host: "demo.", target: "/x", path: "/x" }],
    ["http://./x", { scheme: "http", host: ".", target: "/x", path: "/x" }],
    ["http://[::1]:8787/x", { scheme: "http", host: "[::1]", target: "/x", path: "/x" }],
    ["http://demo*", { scheme: "http", host: "demo", target: "/", path: "/" }],
    ["http://demo/x*", { scheme: "http", host: "demo", target: "/x*", path: "/x*" }],
    ["http://demo//x?y=/..", { scheme: "http", host: "demo", target: "//x?y=/..", path: "//x" }],
  ])("%s", (url, expected) => expect(addressOf(url)).toEqual(expected));
});

describe("the path that rules compare", () => {
  it.each([
    ["/plain/path", "/plain/path"],
    ["/%61dmin", "/admin"],
    ["/public/../admin", "/admin"],
    ["/public/%2e%2e/admin", "/admin"],
    ["/a/./b/.", "/a/b/"],
    ["/../../x", "/x"],
    ["/a%2fb", "/a%2Fb"],
    ["/.well-known/x", "/.well-known/x"],
    ["/%", "/%"],
  ])("%s is %s", (path, expected) => expect(comparablePath(path)).toBe(expected));
});
