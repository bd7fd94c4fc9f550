import { describe, expect, it } from "vitest";
import { keySource, MAX_KEY_LENGTH, sessionKeyOf } from "../../src/affinity/session-key.ts";
import { affinitySchema } from "../../src/config/affinity.ts";

const token = `Bearer e30.${Buffer.from(JSON.stringify({ sub: "ann", tenant: 7 })).toString("base64url")}.c2ln`;
const facts = {
  headers: new Headers({ "X-Session": "abc", Authorization: token }),
  target: "/cart?session=q1&empty=",
  clientAddress: "203.0.113.7",
};
const keyFor = (affinity: object) => {
  const source = keySource(affinitySchema.parse(affinity));
  return source === null ? "the cookie" : sessionKeyOf(source, facts);
};

describe("what tells sessions apart", () => {
  it.each([
    [{ mode: "cookie" }, "the cookie"],
    [{ mode: "ip-cookie" }, "203.0.113.7"],
    [{ mode: "ip" }, "203.0.113.7"],
    [{ mode: "header", name: "x-session" }, "abc"],
    [{ mode: "query", name: "session" }, "q1"],
    [{ mode: "jwt" }, "ann"],
    [{ mode: "jwt", claim: "tenant" }, "7"],
  ])("with %j is %s", (affinity, key) => {
    expect(keyFor(affinity)).toBe(key);
  });

  it.each([
    { mode: "header", name: "x-other" },
    { mode: "query", name: "empty" },
    { mode: "jwt", claim: "email" },
  ])("is nothing with %j: such a request has no session", (affinity) => {
    expect(keyFor(affinity)).toBeNull();
  });

  it("is nothing when it is too long to be remembered", () => {
    const long = { ...facts, headers: new Headers({ "X-Session": "x".repeat(MAX_KEY_LENGTH + 1) }) };
    expect(sessionKeyOf("header:x-session", long)).toBeNull();
  });
});
