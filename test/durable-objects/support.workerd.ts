/** Stubs and messages for the tests of hubs and the ControlPlane. */
import { runInDurableObject } from "cloudflare:test";
import type { ControlPlane } from "../../durable-objects/control-plane.ts";
import type { RegionHub } from "../../durable-objects/region-hub.ts";
import type { SyncRequest } from "../../src/agreement/protocol.ts";

interface Namespaces {
  readonly REGION_HUB: DurableObjectNamespace<RegionHub>;
  readonly CONTROL_PLANE: DurableObjectNamespace<ControlPlane>;
}

/** The bindings of wrangler.toml with the classes behind them. */
export function namespaces(env: unknown): Namespaces {
  return env as Namespaces;
}

/** A first sync of an isolate that knows nothing; `over` says what is different. */
export function syncRequest(isolate: string, over: Partial<SyncRequest> = {}): SyncRequest {
  return { protocol: 1, isolate, region: "weur", have: null, report: null, lease: false, ...over };
}

/** Ends an object as a crash does: what is in memory and under way is lost, what is stored stays. */
export async function restart(stub: DurableObjectStub<RegionHub> | DurableObjectStub<ControlPlane>): Promise<void> {
  await runInDurableObject(stub as DurableObjectStub, (_object, state) => state.abort("restarted by a test")).catch(
    () => undefined,
  );
}
