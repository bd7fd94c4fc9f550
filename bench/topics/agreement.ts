/** What one isolate learns, the planet knows: how fast, how surely and at what cost. */
import { measureCost } from "../agreement/cost.ts";
import { measureModel } from "../agreement/model.ts";
import { measurePlaces } from "../agreement/places.ts";
import type { RunTopic } from "../figure.ts";

export const run: RunTopic = async (report, options) => {
  measureModel(report, options);
  await measurePlaces(report, options);
  await measureCost(report, options);
};
