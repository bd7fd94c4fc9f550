/** Limits that are never exceeded and rarely cost a call: how surely, how nearly, at what cost. */
import type { RunTopic } from "../figure.ts";
import { measureDecisions } from "../rate-limit/decisions.ts";
import { measureFlood } from "../rate-limit/flood.ts";
import { measureIsolates } from "../rate-limit/isolates.ts";
import { measurePlanet } from "../rate-limit/planet.ts";

export const run: RunTopic = async (report, options) => {
  // First, while the heap is clean.
  measureFlood(report);
  measurePlanet(report, options);
  await measureDecisions(report, options);
  await measureIsolates(report, options);
};
