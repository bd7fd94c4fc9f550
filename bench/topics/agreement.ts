/** What one isolate learns, the planet knows: how fast, how surely and at what cost. */
import { measureModel } from "../agreement/model.ts";
import type { RunTopic } from "../figure.ts";

export const run: RunTopic = async (report, options) => {
  measureModel(report, options);
};
