/** Topic `main-job`: what the first whole of Fairlead promises. */
import { gzippedBundleBytes } from "../bundle.ts";
import type { Reporter } from "../figure.ts";
import { playOutage } from "../main-job/outage.ts";
import { durableObjectCallsPer } from "../main-job/steady-state.ts";

const STEADY_REQUESTS = 1000;

export async function run(report: Reporter): Promise<void> {
  report.figure({
    figure: "bundle size gzipped",
    value: (await gzippedBundleBytes()) / 1000,
    unit: "KB",
    target: { atMost: 200 },
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
