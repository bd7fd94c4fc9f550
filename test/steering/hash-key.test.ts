import { describe, expect, it } from "vitest";
import { hashOfKey, keyOf, type KeyFacts } from "../../src/steering/hash-key.ts";

const facts = (headers: Record<string, string> = {}, over: Partial<KeyFacts> = {}): KeyFacts => ({
  headers: new Headers(headers),
  target: "/shop/cart?user=ann%20b&user=bob",
  clientAddress: "203.0.113.7",
  ...over,
});
const token = (payload: object) =>
  `Bearer h.${btoa(JSON.stringify(payload)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.s`;

describe("the key of a request", () => {
  it.each<[string, KeyFacts, string | null]>([
    ["ip", facts(), "203.0.113.7"],
    ["path", facts(), "/shop/cart"],
    ["header:x-user", facts({ "X-User": "ann" }), "ann"],
    ["header:x-user", facts(), null],
    ["cookie:sid", facts({ Cookie: "xsid=no; sid = 42=; sid=43" }), "42="],
    ["cookie:sid", facts({ Cookie: "sidx=1" }), null],
    ["cookie:sid", facts({ Cookie: "a=1, sid=42; b=2" }), "42"],
    ["query:user", facts(), "ann b"],
    ["query:none", facts(), null],
    ["jwt:sub", facts({ Authorization: token({ sub: "user-7" }) }), "user-7"],
    ["jwt:tenant", facts({ Authorization: token({ tenant: 12 }) }), "12"],
    ["jwt:sub", facts({ Authorization: token({ sub: { nested: 1 } }) }), null],
    ["jwt:sub", facts({ Authorization: "Bearer not.a-token.x" }), null],
    ["jwt:sub", facts({ Authorization: "Basic abc" }), null],
  ])("%s", (key, request, expected) => expect(keyOf(key, request)).toBe(expected));

  it("falls back to the client's address, then to one key for all", () => {
    expect(hashOfKey("header:x-user", facts())).toBe(hashOfKey("ip", facts()));
    const nobody = facts({}, { clientAddress: null });
    expect(hashOfKey("header:x-user", nobody)).toBe(hashOfKey("ip", nobody));
  });
});
