import { expect, it } from "vitest";
import { countLimitEvent, limitEventCounts } from "../../src/telemetry/limit-events.ts";

it("counts what limits did by service, limit and event", () => {
  countLimitEvent("s", "per-user", "refused");
  countLimitEvent("s", "per-user", "refused");
  countLimitEvent("s", "priority:low", "shed");
  expect(limitEventCounts()).toEqual([
    { service: "s", limit: "per-user", event: "refused", count: 2 },
    { service: "s", limit: "priority:low", event: "shed", count: 1 },
  ]);
});
