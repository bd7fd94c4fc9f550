/** What one isolate learns, the planet knows: how fast, how surely and at what cost. */
import { measureBreakers } from "../agreement/breakers.ts";
import { measureCost } from "../agreement/cost.ts";
import { measureKilledInTurn } from "../agreement/killed-in-turn.ts";
import { measureLocalEjection } from "../agreement/local-ejection.ts";
import { measureModel } from "../agreement/model.ts";
import { measurePermits } from "../agreement/permits.ts";
import { measurePlaces } from "../agreement/places.ts";
import type { RunTopic } from "../figure.ts";

export const run: RunTopic = async (report, options) => {
  measureModel(report, options);
  measurePermits(report, options);
  await measureLocalEjection(report);
  await measureBreakers(report, options);
  await measureKilledInTurn(report, options);
  await measurePlaces(report, options);
  await measureCost(report, options);
};
