import { describe, expect, it } from "vitest";
import { accessList } from "../../src/proxy/access.ts";

describe("who may come in", () => {
  it("lets everybody in, even an unknown address, when nothing is listed", () => {
    const may = accessList({ allow: [], deny: [] });
    expect(may("203.0.113.9")).toBe(true);
    expect(may(null)).toBe(true);
  });

  it("lets in only what is allowed", () => {
    const may = accessList({ allow: ["203.0.113.0/24", "2001:db8::1"], deny: [] });
    expect(may("203.0.113.9")).toBe(true);
    expect(may("2001:0db8:0:0::1")).toBe(true);
    expect(may("198.51.100.1")).toBe(false);
    expect(may(null)).toBe(false);
    expect(may("not an address")).toBe(false);
  });

  it("lets a denial win over an allowance", () => {
    const may = accessList({ allow: ["203.0.113.0/24"], deny: ["203.0.113.9"] });
    expect(may("203.0.113.8")).toBe(true);
    expect(may("203.0.113.9")).toBe(false);
  });

  it("sees through IPv4 addresses written as IPv6", () => {
    expect(accessList({ allow: [], deny: ["203.0.113.9"] })("::ffff:203.0.113.9")).toBe(false);
  });

  it("knows a range by its prefix, the widest and the narrowest too", () => {
    const may = (deny: string, address: string) => accessList({ allow: [], deny: [deny] })(address);
    expect(may("0.0.0.0/0", "203.0.113.9")).toBe(false);
    expect(may("128.0.0.0/1", "127.255.255.255")).toBe(true);
    expect(may("128.0.0.0/1", "255.255.255.255")).toBe(false);
    expect(may("203.0.113.8/31", "203.0.113.9")).toBe(false);
    expect(may("203.0.113.8/31", "203.0.113.10")).toBe(true);
    expect(may("203.0.113.9/24", "203.0.113.200")).toBe(false);
    expect(may("0.0.0.0/0", "2001:db8::1")).toBe(true);
    expect(may("2001:db8::/32", "2001:db8:ffff::1")).toBe(false);
  });

  it("agrees with every other way to write an address", () => {
    const may = accessList({ allow: [], deny: ["127.0.0.0/8"] });
    const loopback = ["127.0.0.1", "0177.0.0.1", "0x7f.0.0.1", "127.1", "::ffff:7f00:1"];
    const nonsense = ["127.0.0.256", "127.0.0.1.5", "", "127.0.0.1 "];
    expect([...loopback, ...nonsense].filter(may)).toEqual([]);
    expect(may("128.0.0.1")).toBe(true);
  });
});
