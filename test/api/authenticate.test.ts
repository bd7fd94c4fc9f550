import { describe, expect, it } from "vitest";
import { makeToken } from "../../src/config/admin-token.ts";
import { bench } from "./support.ts";

const GUARDED = "/health/detailed";

describe("bearer tokens", () => {
  it("lets a token in that is in the list", async () => {
    const { call } = await bench();
    expect((await call("read", "GET", GUARDED)).status).toBe(200);
  });

  it.each([
    ["no scheme", "flt_x"],
    ["another scheme", "Basic b3BzOm9wcw=="],
    ["a password, although its hash is listed", "Bearer hunter2"],
    ["nothing after the scheme", "Bearer "],
    ["two tokens", "Bearer a b"],
  ])("refuses %s", async (_name, authorization) => {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("hunter2"));
    const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const { call } = await bench(undefined, {
      ADMIN_TOKENS: JSON.stringify([{ name: "weak", hash: hex, scopes: ["admin"] }]),
    });
    expect((await call(null, "GET", GUARDED, { headers: { Authorization: authorization } })).status).toBe(401);
  });

  it("refuses a token that has expired", async () => {
    const { token, stored } = await makeToken("guest", ["read"]);
    const expiring = { ...stored, expiresAt: new Date(1_700_000_060_000).toISOString() };
    const { call, advance } = await bench(undefined, { ADMIN_TOKENS: JSON.stringify([expiring]) });
    const headers = { Authorization: `Bearer ${token}` };
    expect((await call(null, "GET", GUARDED, { headers })).status).toBe(200);
    advance(60_000);
    expect((await call(null, "GET", GUARDED, { headers })).status).toBe(401);
  });

  it.each([
    ["not JSON", "oops"],
    ["a list of something else", '[{"name":"a","hash":"zz","scopes":["read"]}]'],
    ["an unknown scope", `[{"name":"a","hash":"${"0".repeat(64)}","scopes":["root"]}]`],
  ])("stays shut over a secret that is %s, and does not tell what is in it", async (_name, secret) => {
    const { call } = await bench(undefined, { ADMIN_TOKENS: secret });
    const answer = await call("admin", "GET", GUARDED);
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain(secret);
  });
});

describe("lockout", () => {
  const wrong = { Authorization: `Bearer flt_${"B".repeat(43)}` };

  it("makes an address wait after five failures, longer each time, and no other address", async () => {
    const { call, advance, tokens } = await bench();
    const from = (address: string, headers: Record<string, string>) =>
      call(null, "GET", GUARDED, { headers: { ...headers, "CF-Connecting-IP": address } });
    for (let i = 0; i < 5; i++) expect((await from("192.0.2.1", wrong)).status).toBe(401);

    const locked = await from("192.0.2.1", wrong);
    expect(locked.status).toBe(429);
    expect(locked.headers.get("Retry-After")).toBe("1");
    const right = { Authorization: `Bearer ${tokens.read}` };
    expect((await from("192.0.2.1", right)).status).toBe(429);
    expect((await from("192.0.2.2", right)).status).toBe(200);

    advance(1_000);
    expect((await from("192.0.2.1", wrong)).status).toBe(401);
    expect((await from("192.0.2.1", wrong)).headers.get("Retry-After")).toBe("2");

    advance(2_000);
    expect((await from("192.0.2.1", right)).status).toBe(200);
    expect((await from("192.0.2.1", wrong)).status).toBe(401);
  });

  it("does not count calls without credentials", async () => {
    const { call } = await bench();
    for (let i = 0; i < 20; i++) expect((await call(null, "GET", GUARDED)).status).toBe(401);
  });
});
