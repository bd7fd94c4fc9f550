import { describe, expect, it } from "vitest";
import { ConfigError, defineConfig } from "../../src/config/define.ts";
import type { ConfigInput } from "../../src/config/schema.ts";

const pools = (origin: string, name = "eu") => ({
  [name]: { region: "weur", origins: [{ id: origin, url: "http://127.0.0.1:9101" }] },
});

function messageOf(services: object): string {
  try {
    defineConfig({ services } as unknown as ConfigInput);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
}

const one = (affinity: object) => messageOf({ s: { hosts: ["a.test"], pools: pools("o1"), affinity } });

const two = (first: object, second: object, more: object = {}) =>
  messageOf({
    s: { hosts: ["a.test"], paths: ["/s/*"], pools: pools("o1"), affinity: first },
    t: { hosts: ["a.test"], paths: ["/t/*"], pools: pools("o2"), affinity: second, ...more },
  });

describe("sessions in the configuration", () => {
  it("need nothing but to be asked for", () => {
    const config = defineConfig({
      services: { s: { hosts: ["a.test"], pools: pools("o1"), affinity: {} } },
    } as unknown as ConfigInput);
    expect(config.services["s"]!.affinity).toEqual({
      mode: "cookie",
      claim: "sub",
      ttlSeconds: 82_800,
      idleSeconds: 1_800,
      sliding: true,
      onUnavailable: "temporary",
      drainSeconds: 300,
      scope: "origin",
      cookie: { name: "__Host-fairlead", sameSite: "Lax", secure: true, partitioned: false },
    });
  });

  it.each<[string, object, string]>([
    ["a header without a name", { mode: "header" }, "affinity.name` to be the field that names the session"],
    ["a query without a name", { mode: "query" }, "affinity.name` to be the parameter that names the session"],
    ["a name that is no field", { mode: "header", name: "a b" }, "to be an HTTP field name"],
    ["an idle time over the whole", { ttlSeconds: 60 }, "idleSeconds` to be at most `ttlSeconds` (60), got 1800"],
    ["__Host- without Secure", { cookie: { secure: false } }, "to be true, because the name starts with `__Host-`"],
    ["__host- in lower case", { cookie: { name: "__host-x", secure: false } }, "starts with `__host-`"],
    ["__Host- with a domain", { cookie: { domain: "a.test" } }, "domain` to be absent, because the name starts"],
    ["None without Secure", { cookie: { name: "s", sameSite: "None", secure: false } }, "`sameSite` is `None`"],
    ["partitioned without Secure", { cookie: { name: "s", partitioned: true, secure: false } }, "`partitioned`"],
    ["a cookie name that is none", { cookie: { name: "a=b" } }, "an HTTP field name"],
    ["an unknown mode", { mode: "url" }, '"cookie", "ip-cookie"'],
  ])("refuses %s", (_what, affinity, message) => {
    expect(one(affinity)).toContain(message);
  });

  it("judges no cookie where none is used, and nothing where affinity is off", () => {
    expect(one({ mode: "ip", cookie: { secure: false } })).toBe("accepted");
    expect(one({ mode: "none", cookie: { secure: false }, ttlSeconds: 1 })).toBe("accepted");
  });

  it("keeps services of one host from replacing each other's cookie", () => {
    expect(two({}, {})).toContain("services.t.affinity.cookie.name` to be a name that `s` does not use");
    expect(two({}, { cookie: { name: "__Host-other" } })).toBe("accepted");
    expect(two({ group: "g" }, { group: "g" })).toBe("accepted");
  });

  it("lets a group see one user in one way", () => {
    expect(two({ group: "g" }, { group: "g", mode: "ip" })).toContain(
      'services.t.affinity.mode` to be the same as in `s`, which is in the group too ("cookie"), got "ip"',
    );
    expect(two({ group: "g" }, { group: "g", ttlSeconds: 3_600 })).toContain("services.t.affinity.ttlSeconds");
    expect(two({ group: "g" }, { group: "g", cookie: { name: "__Host-x" } })).toContain("services.t.affinity.cookie`");
    expect(two({ group: "g" }, { group: "g" }, { pools: pools("o2", "us") })).toContain("a name as in `s` (eu)");
  });
});
