import { describe, expect, it } from "vitest";
import { failureOfStatus, retryRefusal, type RetryQuestion } from "../../src/resilience/retry.ts";

const question = (over: Partial<RetryQuestion> = {}): RetryQuestion => ({
  method: "GET",
  failure: "connection",
  made: 1,
  attempts: 3,
  leftMs: 1000,
  replayable: true,
  deduplicated: false,
  ...over,
});

describe("another attempt", () => {
  it.each(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])("is made for %s whatever went wrong", (method) => {
    expect(retryRefusal(question({ method }))).toBeNull();
    expect(retryRefusal(question({ method, failure: "status" }))).toBeNull();
  });

  it.each(["POST", "PATCH", "LOCK"])("is not made for %s that may have been received", (method) => {
    expect(retryRefusal(question({ method }))).toBe("may have been received");
    expect(retryRefusal(question({ method, failure: "timeout" }))).toBe("may have been received");
    expect(retryRefusal(question({ method, failure: "status" }))).toBe("may have been received");
  });

  it("is made for POST when the platform proves that it never left", () => {
    expect(retryRefusal(question({ method: "POST", failure: "unreached" }))).toBeNull();
  });

  it("is made for POST when the origins deduplicate", () => {
    expect(retryRefusal(question({ method: "POST", deduplicated: true }))).toBeNull();
  });

  it("needs attempts, time and the body", () => {
    expect(retryRefusal(question({ made: 3 }))).toBe("out of attempts");
    expect(retryRefusal(question({ leftMs: 0 }))).toBe("out of time");
    expect(retryRefusal(question({ replayable: false }))).toBe("body not kept");
  });
});

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
