/** Topic `calls`: Durable Object calls and rows a million requests, counted by a clock that goes by requests, so that CI can hold them. */
import { firstMillion } from "../cost/loads.ts";
import { countBusyOnce } from "../cost/measure.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

/** Of the Worker's clock: every period of the agreement at least once, the longest is a minute. */
const SECONDS = 60;
const QUICK_SECONDS = 20;

export async function run(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const busy = await countBusyOnce(quick ? QUICK_SECONDS : SECONDS);
  const { calls, rows } = firstMillion(busy);
  report.note(
    `${busy.requests} requests, each a millisecond of the Worker's clock: ${busy.isolateCallsPerSecond} calls/s by the isolate, ${busy.hubCallsPerSecond} by the hub and alarms, ${busy.rowsPerSecond} rows/s; before that ${busy.startCalls} calls and ${busy.startRows} rows to start.`,
  );
  report.figure({
    figure: "Durable Object calls per 1,000,000 requests, 1,000 requests/s in one isolate, everything on",
    value: calls,
    unit: "calls",
    target: { atMost: 4_000 },
  });
  report.figure({
    figure: "rows written per 1,000,000 requests, 1,000 requests/s in one isolate, everything on, alarms counted",
    value: rows,
    unit: "rows",
    target: { atMost: 500 },
  });
  report.figure({
    figure: "subrequests per request, none of them a call",
    value: busy.subrequestsPerRequest,
    unit: "subrequests",
    target: { equals: 1 },
  });
}
