/** Topic `cost`: what Fairlead adds to a Worker's bill; writes docs/reference/cost.md from what it counts. */
import { writeFileSync } from "node:fs";
import { loadsOf, perMillion, type Counts } from "../cost/loads.ts";
import { countBusyOnce, countQuiet } from "../cost/measure.ts";
import { costPage, COST_PAGE, COUNTS } from "../cost/page.ts";
import { monthlyPriceOf, priceOf } from "../cost/rates.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

export async function run(report: Reporter, { quick, write }: TopicOptions): Promise<void> {
  const counts = await count(quick);
  if (write) {
    writeFileSync(COUNTS, `${JSON.stringify(counts, null, 2)}\n`);
    writeFileSync(COST_PAGE, costPage(counts));
  }
  const { busy, quiet } = counts;
  report.note(
    `Busy, 1,000 requests/s in one isolate: ${busy.isolateCallsPerSecond} calls/s by the isolate, ${busy.hubCallsPerSecond} by the hub and alarms, ${busy.rowsPerSecond} rows/s, ${busy.subrequestsPerRequest} subrequests and ${busy.cpuMsPerRequest} ms CPU a request.`,
  );
  report.note(`Quiet: ${quiet.calls} calls and ${quiet.rows} rows per minute and place.`);
  const [quietLoad, busyLoad] = loadsOf(counts);
  const share =
    priceOf(perMillion(busyLoad!.added, busyLoad!.requestsPerMonth)) /
    priceOf(perMillion(busyLoad!.own, busyLoad!.requestsPerMonth));
  report.figure({
    figure: "cost beyond the Worker's own, 1,000 requests/s over four regions",
    value: share * 100,
    unit: "% of it",
    target: { atMost: 5 },
  });
  report.figure({
    figure: "a quiet site's month beyond what is included (one request a minute from four places)",
    value: monthlyPriceOf(quietLoad!.added),
    unit: "$",
    target: { atMost: 5 },
  });
}

/** The busy count takes the processor, the quiet one the time: they do not get into each other's way. */
async function count(quick: boolean): Promise<Counts> {
  const [busy, quiet] = await Promise.all([countBusyOnce(quick ? 20 : 60), countQuiet(quick ? 1 : 2)]);
  return { date: new Date().toISOString().slice(0, 10), quiet, busy };
}
