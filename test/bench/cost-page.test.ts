import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadsOf, perMillion, type Counts } from "../../bench/cost/loads.ts";
import { costPage, COST_PAGE, COUNTS } from "../../bench/cost/page.ts";
import { monthlyPriceOf, priceOf } from "../../bench/cost/rates.ts";

const counts = JSON.parse(readFileSync(COUNTS, "utf8")) as Counts;

/** Without the padding that a formatter gives tables. */
function words(text: string): string[] {
  return text.split(/[\s|-]+/);
}

describe("the page about cost", () => {
  it("says what the counts and the rates come to", () => {
    expect(words(readFileSync(COST_PAGE, "utf8"))).toEqual(words(costPage(counts)));
  });

  it("prices what is used, and of a month only what is not included", () => {
    const usage = { requests: 20_000_000, cpuMs: 0, objectCalls: 3_000_000, gbSeconds: 0, rowsWritten: 0 };
    expect(priceOf(usage)).toBeCloseTo(20 * 0.3 + 3 * 0.15);
    expect(monthlyPriceOf(usage)).toBeCloseTo(10 * 0.3 + 2 * 0.15);
  });

  it("counts calls by the time and not by the request", () => {
    const [, busy, world] = loadsOf(counts);
    const callsOf = (load: typeof busy) => perMillion(load!.added, load!.requestsPerMonth).objectCalls;
    expect(callsOf(world)).toBeLessThan(callsOf(busy));
  });
});
