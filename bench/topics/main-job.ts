/** Topic `main-job`: what the first whole of Fairlead promises. */
import { bundle } from "../bundle.ts";
import type { Reporter } from "../figure.ts";

export async function run(report: Reporter): Promise<void> {
  const { gzippedBytes } = await bundle();
  report.figure({
    figure: "bundle size gzipped",
    value: gzippedBytes / 1000,
    unit: "KB",
    target: { atMost: 200 },
  });
}
