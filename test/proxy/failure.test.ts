import { describe, expect, it } from "vitest";
import { failureResponse, type Failure } from "../../src/proxy/failure.ts";

const failures: [Failure, number][] = [
  [{ kind: "bad-request", detail: "why" }, 400],
  [{ kind: "forbidden" }, 403],
  [{ kind: "method-not-allowed", method: "TRACE" }, 405],
  [{ kind: "body-too-large", limitBytes: 10 }, 413],
  [{ kind: "url-too-long", limitBytes: 10 }, 414],
  [{ kind: "unknown-host", host: "x" }, 421],
  [{ kind: "headers-too-large", limitBytes: 10 }, 431],
  [{ kind: "internal" }, 500],
  [{ kind: "origin-failed" }, 502],
  [{ kind: "not-configured" }, 503],
  [{ kind: "no-origin", retryAfterSeconds: 1 }, 503],
  [{ kind: "ledger-unanswered", retryAfterSeconds: 1 }, 503],
  [{ kind: "origin-timeout" }, 504],
  [{ kind: "loop" }, 508],
];

describe("a failure becomes problem+json", () => {
  it.each(failures)("%o is %i", async (failure, status) => {
    const response = failureResponse(failure, "request-1");
    expect(response.status).toBe(status);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expect(await response.json()).toEqual({
      type: `https://fairlead.dev/problems/${failure.kind}`,
      title: expect.stringMatching(/\S/),
      status,
      detail: expect.stringMatching(/\S/),
      requestId: "request-1",
    });
  });

  it("tells clients when to come back if nothing is available", () => {
    expect(failureResponse({ kind: "no-origin", retryAfterSeconds: 7 }, "r").headers.get("Retry-After")).toBe("7");
  });
});
