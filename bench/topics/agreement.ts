/** What one isolate learns, the planet knows: how fast, how surely and at what cost. */
import { availableParallelism, loadavg } from "node:os";
import { measureBreakers } from "../agreement/breakers.ts";
import { measureCost } from "../agreement/cost.ts";
import { measureKilledInTurn } from "../agreement/killed-in-turn.ts";
import { measureLocalEjection } from "../agreement/local-ejection.ts";
import { measureModel } from "../agreement/model.ts";
import { measurePermits } from "../agreement/permits.ts";
import { measurePlaces } from "../agreement/places.ts";
import type { RunTopic } from "../figure.ts";

export const run: RunTopic = async (report, options) => {
  const [load] = loadavg();
  report.note(`load of the machine at the start, by others: ${load!.toFixed(1)} on ${availableParallelism()} cores`);
  measureModel(report, options);
  measurePermits(report, options);
  await measureLocalEjection(report);
  await measureBreakers(report, options);
  await measureKilledInTurn(report, options);
  await measurePlaces(report, options);
  await measureCost(report, options);
};
