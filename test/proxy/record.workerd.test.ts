import { describe, expect, it, vi } from "vitest";
import type { Outcome } from "../../src/proxy/attempt.ts";
import type { Exchange } from "../../src/proxy/exchange.ts";
import { recordOutcome, recordStart, reportOutcome } from "../../src/proxy/record.ts";
import type { Candidate } from "../../src/steering/candidates.ts";
import { ReportBook } from "../../src/view/report.ts";
import { origin, pool, service } from "../steering/support.ts";

const NOW = 1_000_000;
const LOST: Outcome = { kind: "failure", failure: "connection", response: null };
const LATE: Outcome = { kind: "failure", failure: "timeout", response: null };

function setUp() {
  const first = origin("o1");
  const candidate: Candidate = { pool: pool("p", [first, origin("o2")]), origin: first, share: 1 };
  const state = service([candidate.pool]);
  const book = new ReportBook("isolate", () => 0, NOW);
  const urgent = vi.fn<() => void>();
  const exchange = { view: { report: book, sync: { urgent } }, state, context: {} } as unknown as Exchange;
  const ends = (outcome: Outcome, result: Parameters<typeof recordOutcome>[3], isTrial = false) => {
    recordStart(book, candidate);
    recordOutcome(state, candidate, outcome, result, isTrial, 5, NOW);
  };
  return { candidate, first, state, book, urgent, exchange, ends };
}

describe("an attempt that ended", () => {
  it("by a lost connection keeps this isolate away from the origin for a second", () => {
    const { first, ends } = setUp();
    ends(LOST, "connection");
    expect(first.ejectedUntilMs).toBe(NOW + 1_000);
  });

  it("by a deadline does so at the fifth in a row", () => {
    const { first, ends } = setUp();
    for (let made = 0; made < 4; made++) ends(LATE, "timeout");
    expect(first.ejectedUntilMs).toBe(0);
    ends(LATE, "timeout");
    expect(first.ejectedUntilMs).toBe(NOW + 1_000);
  });

  it("is nobody's in flight any more, also where it says nothing of the origin", () => {
    const { first, candidate, ends } = setUp();
    ends({ kind: "ignored" }, "ignored");
    expect([first.inFlight, candidate.pool.inFlight, first.failureRun]).toEqual([0, 0, 0]);
  });

  it("as a trial ejects nothing here: its outcome goes by its permit", () => {
    const { first, ends } = setUp();
    ends(LOST, "connection", true);
    expect([first.ejectedUntilMs, first.failureRun]).toEqual([0, 0]);
  });
});

describe("what a hub is told of an attempt", () => {
  it("is how it ended, and of a failure at once", () => {
    const { exchange, candidate, book, urgent } = setUp();
    reportOutcome(exchange, candidate, "connection", 5);
    expect(book.take(NOW)!.origins["o1"]).toMatchObject({ failures: 1, connectionFailures: 1, panics: 0 });
    expect(urgent).toHaveBeenCalledTimes(1);
  });

  it("is only that there was one, while everything is used for want of anything better", () => {
    const { exchange, state, candidate, book } = setUp();
    state.panicking = true;
    reportOutcome(exchange, candidate, "connection", 5);
    reportOutcome(exchange, candidate, 200, 5);
    expect(book.take(NOW)!.origins["o1"]).toMatchObject({ successes: 0, failures: 0, panics: 2 });
  });
});
