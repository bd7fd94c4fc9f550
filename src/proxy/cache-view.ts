/**
 * What the cache asks of an isolate's view: the purges in force, and whether it has heard of the latest.
 *
 * Not joined to the view yet: no purges are in force and no lease is asked for, since nothing can make a purge.
 */
import type { PurgeSource } from "./cache-plan.ts";
import type { CacheConfig } from "../config/cache.ts";
import type { RegionView } from "../view/region-view.ts";

const NO_PURGES: PurgeSource = { version: 0, marks: () => [] };

/** The purges a view knows of: none until it is joined. */
export function purgesOf(_view: RegionView): PurgeSource {
  return NO_PURGES;
}

/**
 * Whether stored answers may be served: always, until it is joined. Then: while the view is under a lease.
 *
 * @param withoutLease what the service wants where there is none
 */
export function leaseOf(_view: RegionView, _withoutLease: CacheConfig["withoutLease"]): true | Promise<boolean> {
  return true;
}
