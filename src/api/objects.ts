/** Where the control plane finds the deployment's memory: its Durable Objects, and the views of the isolate it runs in. */
import type { HubForApi } from "../../durable-objects/hub-description.ts";
import { AUDIT_LOG_NAME, type AuditForApi } from "../agreement/audit-record.ts";
import { LOGGED_SECTIONS, type LoggedSection, type LoggedVersions } from "../agreement/protocol.ts";
import type { ControlPlaneForApi } from "../agreement/revision.ts";
import { regionOf } from "../agreement/sharding.ts";
import type { Region } from "../config/region.ts";
import { loggedVersions } from "../agreement/view-state.ts";
import type { AffinityForApi } from "../affinity/messages.ts";
import type { BreakerForApi } from "../resilience/breaker-order.ts";
import type { LedgerForIsolates } from "../resilience/idempotency-messages.ts";
import type { LimiterForApi } from "../rate-limit/messages.ts";
import type { RegionView } from "../view/region-view.ts";
import type { System } from "./system.ts";

const CONTROL_PLANE_NAME = "control-plane";

/** The ledger of the API's own calls: there are few of them, so one object has them all. */
const LEDGER_NAME = "control-plane";

/** @param bindings the Worker's environment. An object that is not bound is missed when it is asked */
export function controlObjects(
  bindings: Readonly<Record<string, unknown>>,
): Pick<System, "control" | "audit" | "ledger" | "hub" | "breaker" | "limiter" | "sessions"> {
  // A stub that has failed stays broken, so each question gets a new one.
  return {
    get control() {
      return stub(bindings, "CONTROL_PLANE", CONTROL_PLANE_NAME) as ControlPlaneForApi;
    },
    get audit() {
      return stub(bindings, "AUDIT_LOG", AUDIT_LOG_NAME) as AuditForApi;
    },
    get ledger() {
      return stub(bindings, "IDEMPOTENCY_LEDGER", LEDGER_NAME) as LedgerForIsolates;
    },
    hub: (name) => stub(bindings, "REGION_HUB", name, { locationHint: regionOf(name) }) as HubForApi,
    limiter: (name) => stub(bindings, "RATE_LIMITER", name) as LimiterForApi,
    sessions: (shard) => stub(bindings, "SESSION_AFFINITY", shard) as AffinityForApi,
    breaker: (origin) => stub(bindings, "ORIGIN_BREAKER", origin) as BreakerForApi,
  };
}

function stub(
  bindings: Readonly<Record<string, unknown>>,
  binding: string,
  name: string,
  options: { readonly locationHint?: Region } = {},
): unknown {
  const namespace = bindings[binding] as { getByName(name: string, options: object): unknown } | undefined;
  if (namespace === undefined) throw new Error(`Expected the binding \`${binding}\` in wrangler.toml, got nothing`);
  return namespace.getByName(name, options);
}

/** The agreed sections as this isolate has them: one view in production, one for each place in a local run. */
export function isolateMemory(views: () => Iterable<RegionView>): Pick<System, "have" | "takeIn"> {
  return {
    have() {
      const had = [...views()].map((view) => loggedVersions(view.agreed.logged));
      const least = (section: LoggedSection) => (had.length === 0 ? 0 : Math.min(...had.map((each) => each[section])));
      return Object.fromEntries(
        LOGGED_SECTIONS.map((section) => [section, least(section)]),
      ) as unknown as LoggedVersions;
    },
    takeIn(delta) {
      for (const view of views()) view.takeIn(delta);
    },
  };
}
