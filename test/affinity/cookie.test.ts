import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { cookieValues, decodeCookie, setCookieField } from "../../src/affinity/cookie.ts";
import { importKeyRing, parseKeyRing, type KeyRing } from "../../src/affinity/key-ring.ts";
import { open, seal } from "../../src/affinity/sealed-session.ts";
import type { Session } from "../../src/affinity/session.ts";

const OLD = "an old key of at least thirty-two characters";
const NEW = "a new key of at least thirty-two characters!";
const SCOPE = "service:shop";
const PLACES = ["pool:eu", ...Array.from({ length: 7 }, (_, index) => `origin:o${index}`)];

const rings = { old: OLD, both: `${NEW},${OLD}`, new: NEW };
const ring = {} as Record<keyof typeof rings, KeyRing>;

beforeAll(async () => {
  for (const [name, secret] of Object.entries(rings))
    ring[name as keyof typeof rings] = await importKeyRing(parseKeyRing("S", secret), crypto.subtle);
});

const session: Session = {
  id: "0123456789abcdef",
  epoch: 7,
  issuedMs: 1_790_000_000_000,
  expiresMs: 1_790_001_800_000,
  places: ["origin:o1"],
};

const sessions = fc.record<Session>({
  id: fc.stringMatching(/^[0-9a-f]{16}$/),
  epoch: fc.nat(),
  issuedMs: fc.nat({ max: 4_000_000_000 }).map((seconds) => seconds * 1000),
  expiresMs: fc.nat({ max: 4_000_000_000 }).map((seconds) => seconds * 1000),
  places: fc.uniqueArray(fc.constantFrom(...PLACES), { minLength: 1, maxLength: 8 }),
});

describe("a session's cookie", () => {
  it("comes back as it went, whatever it says", async () => {
    await fc.assert(
      fc.asyncProperty(sessions, async (any) => {
        const value = await seal(ring.new, SCOPE, any);
        expect(value).toMatch(/^[\w-]{82,156}$/);
        expect(await open(ring.new, SCOPE, value, PLACES)).toEqual({ session: any, isOldKey: false, isPlaced: true });
      }),
      { numRuns: 200 },
    );
  });

  it("is ignored when any character of it was changed, dropped or added", async () => {
    const value = await seal(ring.new, SCOPE, session);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: value.length - 1 }),
        fc.constantFrom(...alphabet.split(""), "", " ", "=", "é", "\0"),
        fc.boolean(),
        async (at, char, insert) => {
          const forged = value.slice(0, at) + char + value.slice(insert ? at : at + 1);
          fc.pre(forged !== value);
          expect(await open(ring.new, SCOPE, forged, PLACES)).toBeNull();
        },
      ),
      { numRuns: 500 },
    );
  }, 30_000);

  it("has one spelling: bits that no byte takes are not free", async () => {
    for (const places of [["origin:o1"], ["pool:eu", "origin:o1"], PLACES.slice(0, 3)]) {
      const value = await seal(ring.new, SCOPE, { ...session, places });
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      const accepted = alphabet.split("").filter((last) => decodeCookie(value.slice(0, -1) + last) !== null);
      // Every last character that decodes means other bytes, so the signature judges it.
      const meanings = new Set(accepted.map((last) => String(decodeCookie(value.slice(0, -1) + last)!.mac)));
      expect(meanings.size).toBe(accepted.length);
    }
  });

  it("is read from any text without a throw, and none that was not sealed is accepted", async () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 400 }),
      fc.stringMatching(/^[\w-]{0,200}$/),
      fc.uint8Array({ minLength: 61, maxLength: 117 }).map((bytes) => {
        bytes[0] = 1;
        return Buffer.from(bytes).toString("base64url");
      }),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await open(ring.both, SCOPE, text, PLACES)).toBeNull();
      }),
      { numRuns: 1_000 },
    );
  }, 30_000);

  it("is for one service or group only", async () => {
    const value = await seal(ring.new, SCOPE, session);
    expect(await open(ring.new, "service:blog", value, PLACES)).toBeNull();
    expect(await open(ring.new, "group:shop", value, PLACES)).toBeNull();
  });

  it("tells nothing of its origin: not its id, and another key names it otherwise", async () => {
    const place = { ...session, places: ["origin:o1"] };
    const [one, other] = await Promise.all([seal(ring.new, SCOPE, place), seal(ring.old, SCOPE, place)]);
    expect(Buffer.from(one, "base64url").toString("latin1")).not.toContain("o1");
    expect(decodeCookie(one)!.claims.names).not.toEqual(decodeCookie(other)!.claims.names);
  });

  it("hands on what only another service of its group can tell, as long as the key is the same", async () => {
    const value = await seal(ring.new, SCOPE, { ...session, places: ["origin:gone", "origin:o1"] });
    const [key, ...others] = await importKeyRing(parseKeyRing("S", NEW), crypto.subtle);
    const opened = await open([key, ...others], SCOPE, value, ["origin:o1"]);
    const gone = decodeCookie(value)!.claims.names[0]!;
    expect(opened).toMatchObject({ isPlaced: true, session: { places: [`name:${gone}`, "origin:o1"] } });
    expect(await seal([key], SCOPE, opened!.session)).toBe(value);
    const rotated = await importKeyRing(parseKeyRing("S", `${OLD},${NEW}`), crypto.subtle);
    const reread = await open(rotated, SCOPE, value, ["origin:o1"]);
    expect(reread).toMatchObject({ isOldKey: true, session: { places: ["origin:o1"] } });
  });
});

describe("the key ring", () => {
  it("still verifies what an old key signed, and says that it is old", async () => {
    const value = await seal(ring.old, SCOPE, session);
    expect(await open(ring.both, SCOPE, value, PLACES)).toEqual({ session, isOldKey: true, isPlaced: true });
    expect(await open(ring.new, SCOPE, value, PLACES)).toBeNull();
  });

  it("signs with the first key", async () => {
    const value = await seal(ring.both, SCOPE, session);
    expect(await open(ring.new, SCOPE, value, PLACES)).toEqual({ session, isOldKey: false, isPlaced: true });
    expect(await open(ring.old, SCOPE, value, PLACES)).toBeNull();
  });

  it.each([
    ["", "at least 32 characters, got one of 0"],
    ["short", "at least 32 characters, got one of 5"],
    [`${NEW},`, "at least 32 characters, got one of 0"],
    [Array(5).fill(NEW).join(","), "at most 4 keys in the secret `SESSION_SECRET`, got 5"],
  ])("refuses %j", (secret, message) => {
    expect(() => parseKeyRing("SESSION_SECRET", secret)).toThrow(message);
  });

  it("never tells a key in an error", () => {
    expect(() => parseKeyRing("S", `${NEW},hunter2`)).toThrow(/^(?!.*hunter2)/);
  });
});

describe("the Cookie field", () => {
  it.each([
    ["a=1; s=2", ["2"]],
    ["s=2", ["2"]],
    ["xs=1; s=2; s=3", ["2", "3"]],
    ["as=1;s=2", ["2"]],
    ["a=x s=1; b=2", []],
    ["s", []],
    ["s=", [""]],
    ["a=s=1;  s=4 ", ["4"]],
    ["s=1;s=2;s=3;s=4;s=5;s=6", ["1", "2", "3", "4"]],
    ["s=1, s=2; a=3", ["1", "2"]],
    ["a=1; b=2, s=3", ["3"]],
    ["a=x,s=1", []],
    [null, []],
  ])("%j has %j", (field, values) => {
    expect(cookieValues(field, "s")).toEqual(values);
  });

  it("is read as a browser's jar wrote it, whatever else is in it", () => {
    const token = fc.stringMatching(/^[\w-]{1,8}$/);
    const values = fc.stringMatching(/^[\w.=/-]{0,12}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(token, values), { maxLength: 8 }), token, values, (others, name, value) => {
        const rest = others.filter(([other]) => other !== name);
        const field = [...rest, [name, value]].map(([key, text]) => `${key}=${text}`).join("; ");
        expect(cookieValues(field, name)).toEqual([value]);
      }),
    );
  });
});

describe("Set-Cookie", () => {
  const cookie = {
    name: "__Host-fairlead",
    sameSite: "Lax",
    secure: true,
    domain: undefined,
    partitioned: false,
  } as const;

  it("says what was configured", () => {
    expect(setCookieField(cookie, "v", 60)).toBe(
      "__Host-fairlead=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure",
    );
    expect(
      setCookieField({ name: "s", sameSite: "None", secure: true, domain: "a.test", partitioned: true }, "v", 0),
    ).toBe("s=v; Path=/; Max-Age=0; HttpOnly; SameSite=None; Secure; Domain=a.test; Partitioned");
  });
});
