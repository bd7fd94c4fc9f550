import { expect, it } from "vitest";
import { retrySchema } from "../../src/config/retry.ts";
import { backoffMs } from "../../src/resilience/backoff.ts";

const { backoff } = retrySchema.parse({});

it("doubles up to its cap", () => {
  const longest = [1, 2, 3, 4, 5, 6].map((retry) => backoffMs({ ...backoff, jitter: "none" }, retry, () => 0));
  expect(longest).toEqual([25, 50, 100, 200, 250, 250]);
});

it("waits anything up to that with full jitter", () => {
  expect(backoffMs(backoff, 2, () => 0)).toBe(0);
  expect(backoffMs(backoff, 2, () => 0.5)).toBe(25);
});
