import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { costReader } from "../../src/rate-limit/cost.ts";
import { claimsIn, keyFor, keyReader, networkOf, type KeyFacts } from "../../src/rate-limit/key.ts";

function facts(
  over: Partial<KeyFacts> & { headers?: Record<string, string>; claims?: Record<string, string> } = {},
): KeyFacts {
  const { headers = {}, claims = {}, ...rest } = over;
  const fields = new Headers(headers);
  return {
    header: (name) => fields.get(name),
    path: "/api/things",
    target: "/api/things?user=ann&empty=",
    method: "POST",
    country: "DE",
    asn: 64_496,
    clientAddress: "192.0.2.7",
    claim: (name) => claims[name] ?? null,
    ...rest,
  };
}

const key = (keys: string[], from = facts()) => keyReader(keys)(from).split("\u0000");

describe("a key is the first entry that the request has", () => {
  it.each([
    ["ip", "192.0.2.7"],
    ["path", "/api/things"],
    ["method", "POST"],
    ["country", "DE"],
    ["asn", "64496"],
    ["query:user", "ann"],
    ["constant", "constant"],
    ["constant:all", "all"],
  ])("%s", (name, value) => expect(key([name])).toEqual([name, value]));

  it.each([
    ["header:x-user", { "X-User": "u1" }, "u1"],
    ["api-key", { "X-API-Key": "k1" }, "k1"],
    ["cookie:sid", { Cookie: "a=b; sid=s=1 ; c=d" }, "s=1"],
  ])("%s", (name, headers, value) => expect(key([name], facts({ headers }))).toEqual([name, value]));

  it("falls to the next entry when one can't be computed, last to the address", () => {
    const keys = ["jwt:sub", "header:x-api-key", "query:empty"];
    expect(key(keys, facts({ claims: { sub: "ann" } }))).toEqual(["jwt:sub", "ann"]);
    expect(key(keys, facts({ headers: { "x-api-key": "k" } }))).toEqual(["header:x-api-key", "k"]);
    expect(key(keys)).toEqual(["ip", "192.0.2.7"]);
    expect(key(keys, facts({ clientAddress: null }))).toEqual(["ip", "unknown"]);
  });

  it("combines what is joined, and needs all of it", () => {
    expect(key(["ip+path"])).toEqual(["ip+path", "192.0.2.7", "/api/things"]);
    expect(key(["ip+header:x", "method"])).toEqual(["method", "POST"]);
  });

  it("does not take the same value under another name for the same client", () => {
    const both = facts({ headers: { a: "v", b: "v" } });
    expect(key(["header:a"], both)).not.toEqual(key(["header:b"], both));
  });

  it("takes an absurdly long value for none", () => {
    expect(key(["header:x"], facts({ headers: { x: "a".repeat(1_025) } }))).toEqual(["ip", "192.0.2.7"]);
  });

  it("knows which claims it needs", () => {
    expect(claimsIn(["ip+jwt:sub", "jwt:org", "path"])).toEqual(["sub", "org"]);
  });
});

describe("IPv6 addresses count by /64", () => {
  it.each([
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::1", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002:ffff::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
  ])("%s", (address, network) => expect(networkOf(address)).toBe(network));

  it("whichever way they are spelled", () => {
    const group = fc.oneof(fc.constantFrom(0, 1, 0xffff), fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), fc.nat(7), (groups, at) => {
        const spelled = groups.map((each) => each.toString(16));
        const padded = spelled.map((each) => each.padStart(4, "0").toUpperCase());
        const network = `${spelled.slice(0, 4).join(":")}::/64`;
        expect(networkOf(spelled.join(":"))).toBe(network);
        expect(networkOf(padded.join(":"))).toBe(network);
        const zerosEnd = groups.findIndex((each, index) => index >= at && each !== 0);
        const end = zerosEnd === -1 ? 8 : zerosEnd;
        const shortened = `${spelled.slice(0, at).join(":")}::${spelled.slice(end).join(":")}`;
        expect(end > at ? networkOf(shortened) : network).toBe(network);
      }),
      { numRuns: 500 },
    );
  });
});

const read = (value: string | null, most = 50) => costReader("header:x-cost", most)({ header: () => value });

describe("a cost", () => {
  it("is the configured number", () => expect(costReader(3, 10)({ header: () => "9" })).toBe(3));

  it.each([
    ["7", 7],
    [" 7 ", 7],
    ["0", 1],
    ["51", 50],
    ["99999999999999999999999", 50],
  ])("%j counts as %i", (value, cost) => expect(read(value)).toBe(cost));

  it.each([[null], [""], ["-5"], ["1e9"], ["NaN"], ["Infinity"], ["0x10"], ["1.5"], ["1, 2"], ["٣"]])(
    "%j is senseless and counts as 1",
    (value) => expect(read(value)).toBe(1),
  );
});

describe("a key that an operator names", () => {
  it.each([
    ["ip", ["2001:db8:1:2::7"]],
    ["ip+path", ["2001:db8:1:2::7", "/api/things"]],
    ["query:user", ["ann"]],
  ])("%s is the one that requests are counted by", (entry, values) => {
    expect(keyFor(entry, values)).toBe(keyReader([entry])(facts({ clientAddress: "2001:db8:1:2:3::9" })));
  });

  it("needs a value for each of its parts", () => {
    expect(() => keyFor("ip+path", ["192.0.2.7"])).toThrow("Expected 2 values for the key `ip+path`, got 1");
  });
});
