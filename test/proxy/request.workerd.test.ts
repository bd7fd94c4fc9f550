import { describe, expect, it } from "vitest";
import type { Exchange } from "../../src/proxy/exchange.ts";
import { outboundTarget } from "../../src/proxy/request.ts";

type Edits = Exchange["service"]["config"]["request"];

/** What becomes of a target under a service's edits: all that is asked of an exchange here. */
function outbound(target: string, edits: Partial<Pick<Edits, "stripPrefix" | "rewrite">>): string {
  const request = { stripPrefix: "", rewrite: [], ...edits };
  return outboundTarget({ target, service: { config: { request } } } as unknown as Exchange);
}

describe("a rewrite of /old to /new", () => {
  it.each([
    ["/old", "/new"],
    ["/old/", "/new/"],
    ["/old/a/b?c=/old", "/new/a/b?c=/old"],
    ["/old?a=b", "/new?a=b"],
    ["/older", "/older"],
    ["/old-and-new/a", "/old-and-new/a"],
    ["/old%2Fa", "/old%2Fa"],
    ["/Old", "/Old"],
    ["/a/old", "/a/old"],
    ["/ol", "/ol"],
  ])("makes of %s %s", (target, expected) => {
    expect(outbound(target, { rewrite: [{ from: "/old", to: "/new" }] })).toBe(expected);
  });
});

describe("a rewrite", () => {
  it.each([
    ["of a prefix that ends in a slash is of all below it", "/old/", "/new/", "/old/older", "/new/older"],
    ["of a prefix that ends in a slash leaves what is not below it", "/old/", "/new/", "/old", "/old"],
    ["of / is of everything", "/", "/base/", "/a?b", "/base/a?b"],
    ["to / writes the slash between them once", "/old", "/", "/old/a", "/a"],
    ["to / leaves one", "/old", "/", "/old", "/"],
    ["to / keeps the query", "/old", "/", "/old?a", "/?a"],
    ["of a prefix that ends in a slash keeps the client's own", "/old/", "/new/", "/old//a", "/new//a"],
    ["keeps slashes of the client's own", "/old", "/new", "/old//a", "/new//a"],
  ])("%s", (_, from, to, target, expected) => {
    expect(outbound(target, { rewrite: [{ from, to }] })).toBe(expected);
  });

  it("is the first that matches, of what is left without the service's prefix", () => {
    const rewrite = [
      { from: "/v1", to: "/one" },
      { from: "/v", to: "/none" },
      { from: "/", to: "/rest/" },
    ];
    expect(outbound("/api/v1/a", { stripPrefix: "/api", rewrite })).toBe("/one/a");
    expect(outbound("/api/v2", { stripPrefix: "/api", rewrite })).toBe("/rest/v2");
    expect(outbound("/apis/v1", { stripPrefix: "/api", rewrite })).toBe("/rest/apis/v1");
  });
});
