/** An isolate's view, and its syncs without the trips: what a bench looks at, not what it waits for. */
import { answerSync, type HubState } from "../../src/agreement/hub-state.ts";
import { beginSync, takeAnswer, type ViewState } from "../../src/agreement/view-state.ts";
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

/** One sync from its request to its answer taken in. */
export function syncOnce(hub: HubState, view: ViewState): void {
  const request = beginSync(view, null, 0);
  const traffic = { isolates: 1, retryRatio: {} };
  const answer = { ...answerSync(hub, request, true, 0), holdMs: 0, reportMs: 0, urgentMs: 0, shards: 1, traffic };
  takeAnswer(view, view.call!, { protocol: 1, ...answer }, 0);
}
