/** The Durable Object namespaces of a deployment, as wrangler.toml binds them, by what their objects can be asked. */
import type { AuditForApi } from "../src/agreement/audit-record.ts";
import type { BreakerForHubs, ControlPlaneForHubs, HubForIsolates, HubForObjects } from "../src/agreement/protocol.ts";

type Namespace<Interface> = DurableObjectNamespace<Interface & Rpc.DurableObjectBranded>;

export interface Bindings {
  readonly REGION_HUB: Namespace<HubForIsolates & HubForObjects>;
  readonly CONTROL_PLANE: Namespace<ControlPlaneForHubs>;
  readonly ORIGIN_BREAKER: Namespace<BreakerForHubs>;
  readonly AUDIT_LOG: Namespace<AuditForApi>;
}

/** There is one ControlPlane a deployment. */
export const CONTROL_PLANE_NAME = "control-plane";
