import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { principalOfAccess } from "../../src/api/access-identity.ts";
import { ApiProblem } from "../../src/api/problem.ts";
import type { AccessConfig } from "../../src/config/admin.ts";

const CONFIG: AccessConfig = {
  team: "acme",
  audience: "aud-1",
  grants: [
    { emails: ["*@example.com"], serviceTokens: [], scopes: ["read"] },
    { emails: ["ann@example.com"], serviceTokens: [], scopes: ["operate", "read"] },
    { emails: [], serviceTokens: ["ci.access"], scopes: ["purge"] },
  ],
};

type Key = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];
let sign: (
  claims: Record<string, unknown>,
  edit?: { issuer?: string; audience?: string; expires?: string; key?: Key },
) => Promise<string>;
let keys: ReturnType<typeof createLocalJWKSet>;

beforeAll(async () => {
  const pair = await generateKeyPair("RS256");
  keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "RS256" }] });
  sign = (claims, { issuer = "https://acme.cloudflareaccess.com", audience = "aud-1", expires = "5m", key } = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: "k1" })
      .setIssuedAt()
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime(expires)
      .sign(key ?? pair.privateKey);
});

const failsToFetch = () => Promise.reject(new TypeError("fetch failed"));

describe("a Cloudflare Access identity", () => {
  it("gets the scopes of every grant that names it", async () => {
    const ann = await principalOfAccess(await sign({ email: "Ann@Example.com" }), CONFIG, keys);
    expect(ann).toEqual({ name: "access:ann@example.com", scopes: ["read", "operate"] });
    const ci = await principalOfAccess(await sign({ common_name: "ci.access" }), CONFIG, keys);
    expect(ci).toEqual({ name: "access:ci.access", scopes: ["purge"] });
  });

  it.each([
    ["nobody named in a grant", () => sign({ email: "eve@evil.example" })],
    ["a host that only ends like a granted one", () => sign({ email: "eve@notexample.com" })],
    ["no claim that says who", () => sign({})],
    ["another team", () => sign({ email: "ann@example.com" }, { issuer: "https://evil.cloudflareaccess.com" })],
    ["another application", () => sign({ email: "ann@example.com" }, { audience: "aud-2" })],
    ["an expired token", () => sign({ email: "ann@example.com" }, { expires: "-1m" })],
    [
      "a token signed by somebody else",
      async () => sign({ email: "ann@example.com" }, { key: (await generateKeyPair("RS256")).privateKey }),
    ],
    ["a token that is none", async () => "abc"],
    [
      "an unsigned token",
      async () =>
        `${btoa('{"alg":"none"}')}.${btoa('{"email":"ann@example.com","aud":"aud-1","iss":"https://acme.cloudflareaccess.com"}')}.`,
    ],
  ])("is refused for %s", async (_name, make) => {
    expect(await principalOfAccess(await make(), CONFIG, keys)).toBeNull();
  });

  it("is not judged when the keys cannot be had", async () => {
    const judging = principalOfAccess(await sign({ email: "ann@example.com" }), CONFIG, failsToFetch);
    await expect(judging).rejects.toBeInstanceOf(ApiProblem);
  });
});
