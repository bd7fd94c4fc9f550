import { describe, expect, it } from "vitest";
import { everythingOn } from "../../bench/everything-on.ts";
import { firstMillion } from "../../bench/cost/loads.ts";
import { countBusy } from "../../bench/cost/measure.ts";

describe("calls counted by a clock that goes by requests", () => {
  it("go with the time and not with the requests", async () => {
    const counts = await countBusy(4);
    expect(counts.subrequestsPerRequest).toBe(1);
    expect(firstMillion(counts).calls).toBeGreaterThan(500);
    expect(firstMillion(counts).calls).toBeLessThan(2_000);
  });

  it("are one a request where a limit is exact", async () => {
    const config = everythingOn;
    const { bench } = config.services;
    const rateLimits = bench!.rateLimits.map((limit) => ({ ...limit, mode: "exact" as const }));
    const exact = await countBusy(1, { ...config, services: { bench: { ...bench!, rateLimits } } });
    expect(exact.isolateCallsPerSecond).toBeGreaterThanOrEqual(1_000);
  });
});
