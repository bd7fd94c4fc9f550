/** Topic `main-job`: what the first whole of Fairlead promises. */
import { gzippedBytes, withBundle } from "../bundle.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { playOutage } from "../main-job/outage.ts";
import { startUpCpuMs } from "../main-job/start-up.ts";
import { durableObjectCallsPer } from "../main-job/steady-state.ts";
import { formatSpread, median } from "../statistics.ts";

const STEADY_REQUESTS = 1000;
const STARTS = 21;
const QUICK_STARTS = 5;

export async function run(report: Reporter, { quick }: TopicOptions): Promise<void> {
  await withBundle(async (bundle) => {
    report.figure({
      figure: "bundle size gzipped",
      value: (await gzippedBytes(bundle)) / 1000,
      unit: "KB",
      target: { atMost: 200 },
    });
    const startUps = await startUpCpuMs(bundle, quick ? QUICK_STARTS : STARTS);
    report.figure({
      figure: "start-up CPU of the Worker",
      value: median(startUps),
      unit: "ms",
      target: { atMost: 50 },
    });
    report.note(
      `Start-up: ${startUps.length} processes of workerd, in each the bundle imported for the first time (compiled and run to its end), CPU of all threads, less the same for an empty module: ${formatSpread(startUps, 1)} ms.`,
    );
  });
  report.figure({
    figure: `Durable Object calls on the request path in steady state, per ${STEADY_REQUESTS} requests`,
    value: await durableObjectCallsPer(STEADY_REQUESTS),
    unit: "calls",
    target: { equals: 0 },
  });
  const outage = await playOutage();
  report.figure({
    figure: "requests failed at the client while a region is killed and comes back",
    value: outage.figures["clientErrors"] ?? Number.NaN,
    unit: "requests",
    target: { equals: 0 },
  });
  report.figure({
    figure: "promises of the outage scenario broken",
    value: outage.checks.filter((check) => !check.kept).length,
    unit: "promises",
    target: { equals: 0 },
  });
  report.table(outage.checks.map(({ promise, kept, seen }) => ({ promise, kept: kept ? "yes" : "NO", seen })));
  report.table(outage.summary.map(([what, measured]) => ({ what, measured })));
}
