/** Topic `api`: the control plane: tested whole, and unmoved by what is wrong. */
import { measureCoverage } from "../api/coverage.ts";
import { measureFuzz } from "../api/fuzz.ts";
import type { RunTopic } from "../figure.ts";

export const run: RunTopic = async (report, options) => {
  await measureCoverage(report);
  await measureFuzz(report, options);
};
