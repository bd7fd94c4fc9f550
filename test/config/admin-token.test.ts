import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adminTokensSchema, areAdminTokens, makeToken } from "../../src/config/admin-token.ts";
import { SCOPES } from "../../src/config/scope.ts";

const HASH = "0123456789abcdef".repeat(4);
const sound = { name: "ops", hash: HASH, scopes: ["read"] };

describe("the check of stored tokens without the validation library", () => {
  it("takes what is made for it", async () => {
    const { stored } = await makeToken("ops", ["admin"]);
    expect(areAdminTokens([stored, { ...stored, expiresAt: "2026-11-21T09:30:00Z" }])).toBe(true);
    expect(areAdminTokens([])).toBe(true);
  });

  it.each([
    ["nothing", null],
    ["no list", sound],
    ["a list of lists", [[]]],
    ["an unknown field", [{ ...sound, token: "flt_x" }]],
    ["a scope that there is not", [{ ...sound, scopes: ["root"] }]],
    ["no scope", [{ ...sound, scopes: [] }]],
    ["a hash in capitals", [{ ...sound, hash: HASH.toUpperCase() }]],
    ["a name with a space", [{ ...sound, name: "the ops" }]],
    ["a day that is in no calendar", [{ ...sound, expiresAt: "2026-02-30T00:00:00Z" }]],
    ["a time of no zone", [{ ...sound, expiresAt: "2026-11-21T09:30:00" }]],
    ["a time without seconds", [{ ...sound, expiresAt: "2026-11-21T09:30Z" }]],
    ["one that is wrong among others", [sound, { ...sound, hash: "" }]],
  ])("refuses %s", (_what, value) => {
    expect(areAdminTokens(value)).toBe(false);
    expect(adminTokensSchema.safeParse(value).success).toBe(false);
  });

  it("says of anything what the schema says", () => {
    const digits = (most: number) => fc.integer({ min: 0, max: most }).map((value) => String(value).padStart(2, "0"));
    const time = fc
      .tuple(
        fc.constantFrom("1900", "2000", "2024", "2026"),
        digits(13),
        digits(32),
        digits(25),
        digits(61),
        digits(61),
      )
      .chain(([year, month, day, hour, minute, second]) =>
        fc
          .constantFrom("Z", ".5Z", ".Z", "", "+01:00", "z")
          .map((end) => `${year}-${month}-${day}T${hour}:${minute}:${second}${end}`),
      );
    const token = fc.record(
      {
        name: fc.oneof(fc.constantFrom("ops", "a", "-a", "a.", "A", ""), fc.string()),
        hash: fc.constantFrom(HASH, `${HASH}0`, HASH.slice(1), 1),
        scopes: fc.oneof(fc.array(fc.constantFrom(...SCOPES), { maxLength: 3 }), fc.constantFrom("read", ["root"])),
        expiresAt: fc.oneof(time, fc.constantFrom(undefined, null, 5, "", "2026-11-21T09:30Z", "2026-11-21")),
        more: fc.constant(1),
      },
      { requiredKeys: ["name", "hash", "scopes"] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.array(token, { maxLength: 2 }), fc.jsonValue()), (value) => {
        expect(areAdminTokens(value)).toBe(adminTokensSchema.safeParse(value).success);
      }),
      { numRuns: 2_000 },
    );
  });
});
