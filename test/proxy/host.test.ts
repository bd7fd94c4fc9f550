import { describe, expect, it } from "vitest";
import { isMalformedHost } from "../../src/proxy/host.ts";

describe("a Host", () => {
  it.each([
    "example.com",
    "example.com.",
    "EXAMPLE.com:8080",
    "example.com:",
    "example.com:00080",
    "example.com:65535",
    "a_b.xn--bcher-kva.test",
    "192.0.2.1:80",
    "[2001:db8::1]",
    "[::ffff:192.0.2.1]:443",
    "a!b%20c",
  ])("may be %s", (host) => expect(isMalformedHost(host)).toBe(false));

  it.each([
    "",
    ":80",
    "example.com:65536",
    "example.com:99999999999999999999",
    "example.com:x",
    "example.com:-1",
    "example.com:80:80",
    "evil.test:x.example.com",
    "evil.test:80.example.com",
    "a, b",
    "a b",
    "a/b",
    "a@b",
    'a"b',
    "a#b",
    "caf\u00e9.test",
    "2001:db8::1",
    "[::1",
    "::1]",
    "[evil.test]",
    "[::1]x",
    "x[::1]",
    "[::1]:x",
    "[]",
  ])("may not be %j", (host) => expect(isMalformedHost(host)).toBe(true));
});
