/** What the cache asks of an isolate's view: whether it has heard of the latest purges. */
import type { CacheConfig } from "../config/cache.ts";
import type { Exchange } from "./exchange.ts";

/**
 * Whether stored answers may be served: under a lease no purge that was confirmed is unknown here. Without one it is
 * asked for, and waited for a moment.
 *
 * @param withoutLease what the service wants where none is to be had
 */
export function mayServeStored(exchange: Exchange, withoutLease: CacheConfig["withoutLease"]): true | Promise<boolean> {
  const { sync } = exchange.view;
  return withoutLease === "serve" || sync.holdsLease() ? true : sync.leased(exchange.context);
}
