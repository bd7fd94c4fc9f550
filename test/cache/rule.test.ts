import { describe, expect, it } from "vitest";
import { compileRules } from "../../src/cache/rule.ts";
import { configWith } from "./support.ts";

describe("a request's rule", () => {
  it("is the first that matches path, host and method", () => {
    const find = compileRules(
      configWith(
        { match: { paths: ["/admin/*"] }, mode: "bypass" },
        { match: { paths: ["/static/*", "*.css"], methods: ["GET"] }, ttlSeconds: 3600 },
        { match: { hosts: ["*.b.test", "c.test"] }, ttlSeconds: 10 },
      ),
    );
    expect(find("GET", "a.test", "/admin/x")?.mode).toBe("bypass");
    expect(find("GET", "a.test", "/static/x")?.ttlSeconds).toBe(3600);
    expect(find("GET", "a.test", "/deep/x.css")?.ttlSeconds).toBe(3600);
    expect(find("HEAD", "a.test", "/static/x")).toBeNull();
    expect(find("GET", "x.b.test", "/")?.ttlSeconds).toBe(10);
    expect(find("GET", "b.test", "/")).toBeNull();
    expect(find("GET", "c.test", "/")?.ttlSeconds).toBe(10);
  });

  it("governs writes to what it stores", () => {
    const find = compileRules(configWith({ match: { paths: ["/x"], methods: ["GET"] } }));
    expect(find("POST", "a.test", "/x")).not.toBeNull();
    expect(find("POST", "a.test", "/y")).toBeNull();
  });

  it("matches stars anywhere, each piece in order", () => {
    const find = compileRules(configWith({ match: { paths: ["/a/*/c*.js"] } }));
    expect(find("GET", "h", "/a/b/c1.js")).not.toBeNull();
    expect(find("GET", "h", "/a/c1.js")).toBeNull();
    expect(find("GET", "h", "/a/b/c")).toBeNull();
  });

  it("is none where there are no rules", () => {
    expect(compileRules(configWith())("GET", "h", "/")).toBeNull();
  });
});
