/** Nothing private is ever shared: whatever a rule says, a response the origin did not mean for all is refused. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { controlOf } from "../../src/cache/cache-control.ts";
import { storableFields } from "../../src/cache/fields.ts";
import { refusal, type AskedWith } from "../../src/cache/storable.ts";
import type { CacheRule } from "../../src/config/cache.ts";
import { exchanges, isPersonal } from "./exchanges.ts";
import { fields, NOW_MS } from "./support.ts";

it("a personal answer is never stored, under any rule", () => {
  fc.assert(
    fc.property(exchanges(), ({ asked, status, response, rule }) => {
      const reason = refusal(asked, status, fields(response), rule, NOW_MS);
      expect(reason === null && isPersonal(asked, response, rule)).toBe(false);
    }),
    { numRuns: 10_000 },
  );
});

it("what is stored holds neither cookies nor the fields that are private or must not be reused", () => {
  fc.assert(
    fc.property(exchanges(), ({ response }) => {
      const { qualified } = controlOf(fields(response));
      const kept = storableFields(Object.entries(response), qualified, new Set());
      expect(kept.some(([name]) => name === "set-cookie" || qualified.has(name))).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

it("bytes that mean nothing are judged without throwing", { timeout: 30_000 }, () => {
  const noise = fc.dictionary(
    fc.constantFrom("cache-control", "cdn-cache-control", "expires", "date", "age", "vary", "content-range", "etag"),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(noise, exchanges(), (response, { asked, rule }: { asked: AskedWith; rule: CacheRule }) => {
      expect(() => refusal(asked, 200, fields(response), rule, NOW_MS)).not.toThrow();
    }),
    { numRuns: 500 },
  );
});
