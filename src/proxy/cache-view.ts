/** What the cache asks of an isolate's view: the purges in force, and whether it has heard of the latest. */
import type { PurgeSource } from "./cache-plan.ts";
import type { CacheConfig } from "../config/cache.ts";
import type { RegionView } from "../view/region-view.ts";

const NO_PURGES: PurgeSource = { version: 0, marks: () => [] };

/** The purges a view knows of. */
export function purgesOf(_view: RegionView): PurgeSource {
  return NO_PURGES;
}

/**
 * Whether stored answers may be served: true while the view is under a lease. Without one it is asked for, for a moment.
 *
 * @param withoutLease what the service wants where there is none
 */
export function leaseOf(_view: RegionView, _withoutLease: CacheConfig["withoutLease"]): true | Promise<boolean> {
  return true;
}
