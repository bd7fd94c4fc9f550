/** Topic `cost`: what Fairlead adds to a Worker's bill; writes docs/reference/cost.md from what it counts. */
import { writeFileSync } from "node:fs";
import { count } from "../cost/measure.ts";
import { loadsOf, perMillion } from "../cost/loads.ts";
import { costPage, COST_PAGE, COUNTS } from "../cost/page.ts";
import { monthlyPriceOf, priceOf } from "../cost/rates.ts";
import { hasWrk } from "../hot-path/wrk.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

export async function run(report: Reporter, { quick, write }: TopicOptions): Promise<void> {
  if (!(await hasWrk())) throw new Error("Expected wrk to be installed (bench/install-peers.sh), found none");
  const counts = await count(quick);
  if (write) {
    writeFileSync(COUNTS, `${JSON.stringify(counts, null, 2)}\n`);
    writeFileSync(COST_PAGE, costPage(counts));
  }
  const { busy, quiet } = counts;
  report.note(
    `Busy: ${busy.requestsPerSecond} requests/s over 16 connections, one isolate: ${busy.isolateCallsPerSecond} calls/s by the isolate, ${busy.hubCallsPerSecond} by the hub and alarms, ${busy.rowsPerSecond} rows/s, ${busy.cpuMsPerRequest} ms CPU a request.`,
  );
  report.note(`Quiet: ${quiet.calls} calls and ${quiet.rows} rows per minute and place.`);
  const [quietLoad, busyLoad] = loadsOf(counts);
  report.figure({
    figure: "Durable Object calls per 1,000,000 requests, one isolate at 1,000 requests/s, everything on",
    value: (busy.isolateCallsPerSecond + busy.hubCallsPerSecond) * 1_000,
    unit: "calls",
    target: { atMost: 4_000 },
  });
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
