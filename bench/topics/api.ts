/** Topic `api`: the control plane: tested whole, unmoved by what is wrong, and what it answers as complete is so everywhere. */
import { measureCoverage } from "../api/coverage.ts";
import { measureFirstCall } from "../api/first-call.ts";
import { measureFuzz } from "../api/fuzz.ts";
import { measureHeartbeat } from "../api/heartbeat.ts";
import { measureInstances } from "../api/instances.ts";
import { measureOverrides } from "../api/overrides.ts";
import type { RunTopic } from "../figure.ts";

export const run: RunTopic = async (report, options) => {
  await measureCoverage(report);
  await measureFirstCall(report, options);
  await measureOverrides(report, options);
  await measureHeartbeat(report, options);
  await measureInstances(report, options);
  await measureFuzz(report, options);
};
