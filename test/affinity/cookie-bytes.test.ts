import fc from "fast-check";
import { expect, it } from "vitest";
import { fromBase64url, readHex, toBase64url, writeHex } from "../../src/affinity/cookie-bytes.ts";

it("bytes are written as base64url says, and read back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 130 }), (bytes) => {
      const text = toBase64url(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64url"));
      expect(fromBase64url(text)).toEqual(new Uint8Array(bytes));
    }),
  );
});

it("a text that nothing is written as is not read", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.stringMatching(/^[\w-]{0,20}$/),
    fc.stringMatching(/^[\w+/-]{0,20}={0,2}$/),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const bytes = Buffer.from(text, "base64url");
      const isWritten = bytes.toString("base64url") === text;
      expect(fromBase64url(text)).toEqual(isWritten ? new Uint8Array(bytes) : null);
    }),
    { numRuns: 2_000 },
  );
});

it("eight bytes are read as hexadecimal, and written", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (bytes) => {
      const hex = Buffer.from(bytes).toString("hex").slice(4, 20);
      expect(readHex(bytes, 2)).toBe(hex);
      const copy = bytes.slice().fill(0, 2, 10);
      writeHex(copy, 2, hex);
      expect(copy).toEqual(bytes);
    }),
  );
});
