/** Topic `affinity`: sessions stay where they belong, and what that costs. */
import { measureCalls } from "../affinity/calls.ts";
import { measureFleetChanges } from "../affinity/fleet-changes.ts";
import { measureRaces } from "../affinity/races.ts";
import { measureVerification } from "../affinity/verification.ts";
import type { RunTopic } from "../figure.ts";

export const run: RunTopic = async (report, options) => {
  measureFleetChanges(report);
  await measureVerification(report, options);
  await measureCalls(report, options);
  await measureRaces(report, options);
};
