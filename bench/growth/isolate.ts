/** An isolate's view without a hub: what a bench looks at, not what it waits for. */
import type { Config } from "../../src/config/schema.ts";
import { noSyncs } from "../../src/telemetry/sync-counters.ts";
import { openView, type RegionView } from "../../src/view/region-view.ts";

export function viewOf(config: Config): RegionView {
  return openView(config, "enam", {
    base: "",
    isolate: "bench",
    hubNamed: () => {
      throw new Error("Expected a bench not to sync");
    },
    counters: noSyncs(),
    clock: Date.now,
    random: Math.random,
  });
}
