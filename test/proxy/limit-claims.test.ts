import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { claimReader, claimValue } from "../../src/proxy/limit-claims.ts";
import type { JwtConfig } from "../../src/config/auth.ts";

const SECRET = "a secret that nobody else knows, 32 bytes or more";
const config: JwtConfig = { secret: "JWT_SECRET", header: "Authorization", clockToleranceSeconds: 5 };

const signed = (claims: Record<string, unknown>, secret = SECRET) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(typeof claims["exp"] === "number" ? claims["exp"] : "1h")
    .sign(new TextEncoder().encode(secret));
const bearing = (token: string) => new Headers({ Authorization: `Bearer ${token}` });

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("claims", () => {
  it("are believed when the token passes", async () => {
    const read = claimReader(config, SECRET);
    const claims = await read(bearing(await signed({ sub: "ann", admin: true, roles: ["a"] })));
    expect(claimValue(claims, "sub")).toBe("ann");
    expect(claimValue(claims, "admin")).toBe("true");
    expect(claimValue(claims, "roles")).toBeNull();
    expect(claimValue(claims, "constructor")).toBeNull();
  });

  it("are not believed otherwise", async () => {
    const read = claimReader({ ...config, issuer: "https://issuer.test", audience: "us" }, SECRET);
    const good = { sub: "ann", iss: "https://issuer.test", aud: "us" };
    const none = `${btoa('{"alg":"none"}').replaceAll("=", "")}.${btoa('{"sub":"ann"}').replaceAll("=", "")}.`;
    expect(claimValue(await read(bearing(await signed(good))), "sub")).toBe("ann");
    expect(await read(bearing(await signed(good, "another secret, of 32 bytes or more too")))).toBeNull();
    expect(await read(bearing(await signed({ ...good, iss: "https://else.test" })))).toBeNull();
    expect(await read(bearing(await signed({ ...good, aud: "them" })))).toBeNull();
    expect(await read(bearing(await signed({ ...good, exp: 1_000 })))).toBeNull();
    expect(await read(bearing(none))).toBeNull();
    expect(await read(bearing("nonsense"))).toBeNull();
    expect(await read(bearing(`${"a".repeat(9_000)}.b.c`))).toBeNull();
    expect(await read(new Headers())).toBeNull();
  });

  it("cost crypto once for the same bytes, good or bad", async () => {
    const verify = vi.spyOn(crypto.subtle, "verify");
    const read = claimReader(config, SECRET);
    const good = bearing(await signed({ sub: "ann" }));
    const bad = bearing(await signed({ sub: "eve" }, "another secret, of 32 bytes or more too"));
    for (let i = 0; i < 5; i++) {
      await read(good);
      await read(bad);
    }
    expect(verify).toHaveBeenCalledTimes(2);
  });

  it("end with the token", async () => {
    const read = claimReader(config, SECRET);
    const token = bearing(await signed({ sub: "ann", exp: Math.floor(Date.now() / 1_000) + 60 }));
    expect(await read(token)).not.toBeNull();
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 66_000);
    vi.useFakeTimers({ now: Date.now() });
    expect(await read(token)).toBeNull();
    vi.useRealTimers();
  });

  it("of keys that an issuer publishes; an issuer out of reach is asked again", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const published = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "ES256" }] });
    let reachable = false;
    const issuer = createServer((_, answer) => {
      answer.writeHead(reachable ? 200 : 503, { "Content-Type": "application/json" });
      answer.end(published);
    });
    await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = issuer.address() as AddressInfo;
      const { secret: _, ...rest } = config;
      const read = claimReader({ ...rest, jwks: `http://127.0.0.1:${port}/jwks` }, null);
      const token = await new SignJWT({ sub: "ann" }).setProtectedHeader({ alg: "ES256", kid: "1" }).sign(privateKey);
      expect(await read(bearing(token))).toBeNull();
      reachable = true;
      expect(await read(bearing(token))).toBeNull();
      vi.spyOn(Date, "now").mockReturnValue(Date.now() + 60_000);
      expect(claimValue(await read(bearing(token)), "sub")).toBe("ann");
    } finally {
      issuer.close();
    }
  });
});
