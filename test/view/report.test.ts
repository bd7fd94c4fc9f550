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

describe("a report that is sent again", () => {
  it("says how old it is, and keeps its sequence", () => {
    const report = book();
    report.attempt("o1", "success", 10, false);
    const first = report.take(1_000)!;
    expect(first).toMatchObject({ sequence: 0, ageMs: 0 });
    report.lost(first);
    expect(report.take(4_500)).toEqual({ ...first, ageMs: 3_500 });
    report.lost();
    expect(report.take(6_000)).toEqual({ ...first, ageMs: 5_000 });
    report.lost();
    expect(report.take(500)).toEqual({ ...first, ageMs: 0 });
  });

  it("tells nothing of failures of before the origin's breaker changed its phase", () => {
    const report = book();
    for (const origin of ["o1", "o2"]) for (let i = 0; i < 5; i++) report.attempt(origin, "timeout", 0, false);
    const sent = report.take(1_000);
    report.forgetFailures("o1");
    report.attempt("o1", "timeout", 0, false);
    report.lost(sent);
    const { o1, o2 } = report.take(2_000)!.origins;
    expect(o1).toMatchObject({ failures: 0, longestFailureRun: 0, timeouts: 0 });
    expect(o2).toMatchObject({ failures: 5, longestFailureRun: 5, timeouts: 5 });
    expect(report.take(3_000)!.origins["o1"]).toMatchObject({ failures: 1, failureRun: 1 });
  });
});

describe("what is in flight or open", () => {
  it("is told again while it lasts and once more when it has ended, with the next news of anything", () => {
    let open = 2;
    const report = new ReportBook("isolate", (origin) => (origin === "o1" ? open : 0), 0);
    const news = () => report.attempt("o2", "success", 10, false);
    report.attempt("o1", "success", 10, false);
    expect(report.take(1)!.origins["o1"]).toMatchObject({ inFlight: 2 });
    expect(report.toldInFlight("o1")).toBe(2);
    news();
    expect(report.take(2)!.origins["o1"]).toMatchObject({ inFlight: 2, successes: 0 });
    open = 0;
    expect(report.take(3)).toBeNull();
    expect(report.toldInFlight("o1")).toBe(2);
    news();
    expect(report.take(4)!.origins["o1"]).toMatchObject({ inFlight: 0 });
    expect(report.toldInFlight("o1")).toBe(0);
    news();
    expect(report.take(5)!.origins["o1"]).toBeUndefined();
  });
});
