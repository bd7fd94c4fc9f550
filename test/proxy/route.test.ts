import { describe, expect, it } from "vitest";
import { hostMatches, makeRouter } from "../../src/proxy/route.ts";

const service = (name: string, hosts: string[], paths = ["/*"]) => ({ name, config: { hosts, paths } });

const route = makeRouter([
  service("any", ["*"]),
  service("wild", ["*.example.com"]),
  service("deep", ["*.eu.example.com"]),
  service("exact", ["api.example.com"]),
  service("v2", ["api.example.com"], ["/v2/*", "/health"]),
  service("only", ["only.test"], ["/only/*"]),
]);

describe("routing", () => {
  it.each([
    ["api.example.com", "/", "exact"],
    ["api.example.com", "/v2/users", "v2"],
    ["api.example.com", "/v2", "exact"],
    ["api.example.com", "/health", "v2"],
    ["api.example.com", "/healthy", "exact"],
    ["www.example.com", "/", "wild"],
    ["a.eu.example.com", "/", "deep"],
    ["example.com", "/", "any"],
    ["only.test", "/only/x", "only"],
    ["only.test", "/other", "any"],
  ])("%s%s goes to %s", (host, path, name) => expect(route(host, path)?.name).toBe(name));

  it("says so when nobody answers for a host", () => {
    expect(makeRouter([service("exact", ["a.test"])])("b.test", "/")).toBeNull();
  });
});

it("matches admin hosts exactly or by suffix, never in the middle", () => {
  const patterns = ["localhost", "*.workers.dev"];
  expect(hostMatches(patterns, "localhost")).toBe(true);
  expect(hostMatches(patterns, "x.y.workers.dev")).toBe(true);
  expect(hostMatches(patterns, "workers.dev")).toBe(false);
  expect(hostMatches(patterns, "x.workers.dev.evil.test")).toBe(false);
});
