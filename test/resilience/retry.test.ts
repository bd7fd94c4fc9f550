import { describe, expect, it } from "vitest";
import { retrySchema } from "../../src/config/retry.ts";
import {
  attemptsAsked,
  failureOfStatus,
  retryAfterMs,
  retryRefusal,
  type RetryQuestion,
} from "../../src/resilience/retry.ts";

const rule = retrySchema.parse({});

const question = (over: Partial<RetryQuestion> = {}): RetryQuestion => ({
  method: "GET",
  failure: "connection",
  status: null,
  made: 1,
  leftMs: 1000,
  replayable: true,
  deduplicated: false,
  ...over,
});

describe("another attempt", () => {
  it.each(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])("is made for %s whatever went wrong", (method) => {
    expect(retryRefusal(rule, question({ method }))).toBeNull();
    expect(retryRefusal(rule, question({ method, failure: "status", status: 503 }))).toBeNull();
  });

  it.each(["POST", "PATCH", "LOCK"])("is not made for %s that may have been received", (method) => {
    expect(retryRefusal(rule, question({ method }))).toBe("may have been received");
    expect(retryRefusal(rule, question({ method, failure: "timeout" }))).toBe("may have been received");
    expect(retryRefusal(rule, question({ method, failure: "status", status: 503 }))).toBe("may have been received");
  });

  it("is made for POST when the platform proves that it never left", () => {
    expect(retryRefusal(rule, question({ method: "POST", failure: "unreached", status: 522 }))).toBeNull();
  });

  it("is made for POST when the origins deduplicate", () => {
    expect(retryRefusal(rule, question({ method: "POST", deduplicated: true }))).toBeNull();
  });

  it("needs attempts, time and the body", () => {
    expect(retryRefusal(rule, question({ made: 3 }))).toBe("out of attempts");
    expect(retryRefusal(rule, question({ leftMs: 0 }))).toBe("out of time");
    expect(retryRefusal(rule, question({ replayable: false }))).toBe("body not kept");
  });
});

describe("what is retried", () => {
  it("is what `on` names, by how it failed or by status", () => {
    const only = retrySchema.parse({ on: ["timeout", 500] });
    expect(retryRefusal(only, question({ failure: "timeout" }))).toBeNull();
    expect(retryRefusal(only, question({ failure: "status", status: 500 }))).toBeNull();
    expect(retryRefusal(only, question({ failure: "status", status: 503 }))).toBe("not what is retried");
    expect(retryRefusal(only, question({ failure: "connection" }))).toBe("not what is retried");
  });

  it("is narrowed by `methods`", () => {
    const reads = retrySchema.parse({ methods: ["GET", "HEAD"] });
    expect(retryRefusal(reads, question({ method: "GET" }))).toBeNull();
    expect(retryRefusal(reads, question({ method: "PUT" }))).toBe("may have been received");
  });
});

it.each([
  ["120", 120_000],
  ["Thu, 01 Jan 1970 00:00:30 GMT", 20_000],
  ["Thu, 01 Jan 1970 00:00:05 GMT", 0],
  ["soon", 0],
  [null, 0],
])("Retry-After %s asks for %i ms", (field, expected) => expect(retryAfterMs(field, 10_000)).toBe(expected));

it.each([
  ["attempts=1", 1],
  ["attempts=2; x=1", 2],
  ["attempts=9", 3],
  ["attempts=0", 1],
  ["attempts=many", 3],
  ["xattempts=1", 3],
  [null, 3],
])("Fairlead-Retry %s of 3 gives %i attempts", (field, expected) => expect(attemptsAsked(field, 3)).toBe(expected));

describe("a status", () => {
  it.each([200, 204, 301, 400, 404, 429, 500, 501, 505, 531])("%i is an answer", (status) => {
    expect(failureOfStatus(status)).toBeNull();
  });
  it.each([502, 503, 504, 520, 524, 527])("%i is a failed attempt", (status) => {
    expect(failureOfStatus(status)).toBe("status");
  });
  it.each([521, 522, 523, 525, 526, 530])("%i proves that the request never left", (status) => {
    expect(failureOfStatus(status)).toBe("unreached");
  });
});
