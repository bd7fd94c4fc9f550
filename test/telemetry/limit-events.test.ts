import { expect, it } from "vitest";
import { limitCounters, shedCounter } from "../../src/telemetry/limit-events.ts";

it("names a limit's counters by limit and event", () => {
  expect(limitCounters("per-user")).toMatchObject({
    admitted: "limit.per-user.admitted",
    "unanswered-denied": "limit.per-user.unanswered-denied",
  });
  expect(shedCounter("low")).toBe("priority.low.shed");
});
