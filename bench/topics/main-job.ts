/** Topic `main-job`: what the first whole of Fairlead promises. */
import { gzippedBundleBytes } from "../bundle.ts";
import type { Reporter } from "../figure.ts";

export async function run(report: Reporter): Promise<void> {
  report.figure({
    figure: "bundle size gzipped",
    value: (await gzippedBundleBytes()) / 1000,
    unit: "KB",
    target: { atMost: 200 },
  });
}
