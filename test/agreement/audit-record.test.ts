import { describe, expect, it } from "vitest";
import { redacted, REDACTED } from "../../src/agreement/audit-record.ts";

describe("what is stored of a change", () => {
  it("holds no literal header values, credentials or passwords", () => {
    const origin = {
      id: "eu1",
      url: "https://ann:hunter2@eu1.example.com/",
      headers: { "X-Origin-Auth": "s3cret", "X-Plain": "also not for here", "X-Bound": { secret: "ORIGIN_AUTH" } },
      password: "p",
      apiKey: "k",
      nested: [{ accessToken: "t", weight: 3 }],
    };
    const stored = redacted({ "registration/eu1": origin });
    expect(stored).toEqual({
      "registration/eu1": {
        id: "eu1",
        url: "https://***@eu1.example.com/",
        headers: { "X-Origin-Auth": REDACTED, "X-Plain": REDACTED, "X-Bound": { secret: "ORIGIN_AUTH" } },
        password: REDACTED,
        apiKey: REDACTED,
        nested: [{ accessToken: REDACTED, weight: 3 }],
      },
    });
    for (const secret of ["hunter2", "s3cret", "not for here"]) expect(JSON.stringify(stored)).not.toContain(secret);
  });

  it("keeps a secret only by its name", () => {
    expect(redacted({ secret: "flt_notaname" })).toEqual({ secret: REDACTED });
  });

  it("leaves out what is too long to keep for ever", () => {
    expect(redacted({ body: "x".repeat(100_000) })).toEqual({ omitted: "100011 characters" });
  });

  it("keeps what says nothing secret as it is", () => {
    const value = {
      kind: "weight",
      origin: "eu1",
      weight: 0,
      expiresAtMs: null,
      list: [1, "two", false],
      ignoreCookies: false,
    };
    expect(redacted(value)).toEqual(value);
    expect(redacted(null)).toBeNull();
  });
});
