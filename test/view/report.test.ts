import { describe, expect, it } from "vitest";
import { ReportBook } from "../../src/view/report.ts";

const book = () => new ReportBook("isolate", () => 0, 0);

describe("a run of failures", () => {
  it("goes on from one report to the next", () => {
    const report = book();
    for (let i = 0; i < 3; i++) report.attempt("o1", "timeout", 0, false);
    report.take(1);
    report.attempt("o1", "other failure", 0, false);
    expect(report.take(2)!.origins["o1"]).toMatchObject({ failures: 1, failureRun: 4, longestFailureRun: 4 });
  });

  it("ends when the origin's breaker changes its phase, while successes go on counting: they say that there is traffic", () => {
    const report = book();
    report.attempt("o1", "success", 10, false);
    for (let i = 0; i < 5; i++) report.attempt("o1", "timeout", 0, false);
    report.forgetFailures("o1");
    expect(report.take(1)!.origins["o1"]).toMatchObject({
      successes: 1,
      failures: 0,
      timeouts: 0,
      longestFailureRun: 0,
    });
    report.attempt("o1", "timeout", 0, false);
    expect(report.take(2)!.origins["o1"]).toMatchObject({ failures: 1, failureRun: 1 });
  });
});
