import { describe, expect, it } from "vitest";
import { ConfigError, defineConfig } from "../../src/config/define.ts";
import type { ConfigInput } from "../../src/config/schema.ts";

const limit = (over: object = {}) => ({ name: "l", limit: 100, windowSeconds: 60, ...over });
const service = (over: object) => ({
  hosts: ["a.test"],
  pools: { p: { region: "enam", origins: [{ id: "o1", url: "http://127.0.0.1:9101" }] } },
  ...over,
});

function messageOf(over: object): string {
  try {
    defineConfig({ services: { s: service(over) } } as ConfigInput);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("a sound limit", () => {
  it("gets every default", () => {
    const config = defineConfig({ services: { s: service({ rateLimits: [limit()] }) } } as ConfigInput);
    expect(config.services["s"]!.rateLimits[0]).toMatchObject({
      key: ["ip"],
      algorithm: "sliding-window",
      cost: 1,
      onError: "allow",
      timeoutMs: 100,
      dryRun: false,
      legacyHeaders: false,
    });
  });

  it.each([
    [
      "several keys",
      { key: ["jwt:sub", "header:x-api-key", "ip+path", "cookie:sid", "query:u", "constant:x", "api-key"] },
    ],
    ["a bucket with a burst", { algorithm: "token-bucket", burst: 200, cost: 150 }],
    ["requests in flight", { algorithm: "concurrency", mode: "exact" }],
    ["a binding", { mode: "local", binding: "LIMITER" }],
    ["a cost from a field", { cost: "header:x-cost", limit: 10 }],
  ])("%s", (_, over) =>
    expect(messageOf({ rateLimits: [limit(over)], auth: { jwt: { secret: "JWT_SECRET" } } })).toBe("accepted"),
  );
});

describe("a wrong limit names the field, what was expected and what came", () => {
  const at = "services.s.rateLimits.0";
  it.each([
    ["no window", { windowSeconds: 0 }, `\`${at}.windowSeconds\` to be a number >= 1, got 0`],
    ["a window of years", { windowSeconds: 1e9 }, `\`${at}.windowSeconds\` to be a number <= 2592000`],
    ["half a second", { windowSeconds: 0.5 }, `\`${at}.windowSeconds\` to be `],
    ["a negative limit", { limit: -1 }, `\`${at}.limit\` to be a number >= 1, got -1`],
    ["an unknown key", { key: ["shoe-size"] }, `\`${at}.key.0\` to be a key: "ip"`],
    ["an unknown part of a key", { key: ["ip+shoe-size"] }, `\`${at}.key.0\` to be a key: "ip"`],
    ["no key", { key: [] }, `\`${at}.key\` to be a list of >= 1 elements`],
    ["a header without a name", { key: ["header:"] }, `\`${at}.key.0\` to be a key`],
    ["an unverified claim", { key: ["jwt:sub"] }, `\`${at}.key.0\` to be a key without \`jwt:\``],
    ["a burst without a bucket", { burst: 5 }, `\`${at}.burst\` to be absent (only \`token-bucket\` has one), got 5`],
    ["a place lent ahead", { algorithm: "concurrency", mode: "leased" }, `\`${at}.mode\` to be \`exact\` or \`local\``],
    ["an endless log", { algorithm: "sliding-log", limit: 20_000 }, `\`${at}.limit\` to be at most 10000`],
    ["a cost beyond the limit", { cost: 101 }, `\`${at}.cost\` to be at most 100`],
    ["a negative cost", { cost: -1 }, `\`${at}.cost\` to be `],
    ["a binding without local", { binding: "X" }, `\`${at}.binding\` to be absent`],
    [
      "a binding's period",
      { mode: "local", binding: "X", windowSeconds: 30 },
      `\`${at}.windowSeconds\` to be 10 or 60`,
    ],
    ["a floor of nothing", { adapt: { signal: "latency", floor: 0 } }, `\`${at}.adapt.floor\` to be a number >= 0.01`],
    ["an unknown level", { priority: "vip" }, `\`${at}.priority\` to be one of "critical"`],
    ["an unknown field", { windowMs: 1_000 }, `\`${at}.windowMs\` to be absent`],
  ])("%s", (_, over, message) => expect(messageOf({ rateLimits: [limit(over)] })).toContain(message));

  it("a name used twice", () =>
    expect(messageOf({ rateLimits: [limit(), limit()] })).toContain(
      "`services.s.rateLimits.1.name` to be a name not used before",
    ));
});

describe("auth and priorities", () => {
  it.each([
    ["neither keys nor secret", { jwt: {} }, "`services.s.auth.jwt` to be either a `jwks` or a `secret`"],
    ["both", { jwt: { secret: "S", jwks: "https://i.test/jwks" } }, "to be either a `jwks` or a `secret`"],
    ["a URL that is none", { jwt: { jwks: "nowhere" } }, "`services.s.auth.jwt.jwks`"],
    [
      "a shared key published",
      { jwt: { jwks: "https://i.test/j", algorithms: ["HS256"] } },
      "a signature with a public key",
    ],
    ["a public key as a secret", { jwt: { secret: "S", algorithms: ["RS256"] } }, "HS256, HS384 or HS512"],
    ["no signature", { jwt: { secret: "S", algorithms: ["none"] } }, "`services.s.auth.jwt.algorithms.0` to be one of"],
  ])("%s", (_, auth, message) => expect(messageOf({ auth })).toContain(message));

  it("a level by an unverified claim", () => {
    const priorities = { rules: [{ level: "high", claim: { name: "tier" } }] };
    expect(messageOf({ priorities })).toContain("`services.s.priorities.rules.0.claim` to be absent");
    expect(messageOf({ priorities, auth: { jwt: { secret: "S" } } })).toBe("accepted");
  });
});
