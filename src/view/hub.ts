/** The way from an isolate to a hub. */
import type { HubForIsolates, HubName } from "../agreement/protocol.ts";
import { regionOf } from "../agreement/sharding.ts";

/**
 * A hub by its name, made in its region if it is not there yet (the hint counts only then). A new stub each time: one
 * that has failed stays broken.
 *
 * @throws Error when the Worker has no binding for hubs
 */
export function hubNamed(bindings: Readonly<Record<string, unknown>>, name: HubName): HubForIsolates {
  const namespace = bindings["REGION_HUB"] as DurableObjectNamespace<HubForIsolates & Rpc.DurableObjectBranded>;
  if (namespace === undefined) throw new Error("Expected the binding `REGION_HUB` in wrangler.toml, got nothing");
  return namespace.getByName(name, { locationHint: regionOf(name) });
}
