/** What an isolate sets up once and every request uses: the plan, the views, where requests come from. */
import type { Region } from "../config/region.ts";
import type { LedgerForIsolates } from "../resilience/idempotency-messages.ts";
import type { Config } from "../config/schema.ts";
import { makePlacer, type EdgeFacts, type Place } from "../steering/place.ts";
import { hubNamed } from "../view/hub.ts";
import { openView, type RegionView } from "../view/region-view.ts";
import { noSyncs, type SyncCounters } from "../telemetry/sync-counters.ts";
import { makePlan, type Plan } from "./plan.ts";

export interface Gateway {
  readonly plan: Plan;
  readonly placeOf: (facts: EdgeFacts | undefined) => Place;
  /** The view from a region, begun at first use. */
  viewFrom(region: Region): RegionView;
  /** Views begun so far. */
  readonly views: ReadonlyMap<Region, RegionView>;
  readonly syncCounters: SyncCounters;
  /** Answers what reaches the control plane through a service; null where there is none. */
  readonly controlPlane: ControlPlane | null;
  /** One shard of the `IdempotencyLedger`. */
  ledgerFor(shard: number): LedgerForIsolates;
}

export type ControlPlane = (request: Request, context: ExecutionContext) => Response | Promise<Response>;

/**
 * Sets an isolate up.
 *
 * @param bindings the Worker's environment; secrets and certificates named in the configuration come from it
 * @throws Error when one of them is missing
 */
export function openGateway(
  config: Config,
  bindings: Readonly<Record<string, unknown>>,
  digest: string,
  controlPlane: ControlPlane | null = null,
): Gateway {
  const views = new Map<Region, RegionView>();
  const syncCounters = noSyncs();
  return {
    views,
    syncCounters,
    controlPlane,
    plan: makePlan(config, bindings, digest),
    ledgerFor: (shard) => ledgers(bindings).getByName(`ledger-${shard}`),
    placeOf: makePlacer(config.regions),
    viewFrom(region) {
      let view = views.get(region);
      if (view !== undefined) return view;
      view = openView(config, region, {
        base: digest,
        isolate: crypto.randomUUID(),
        hubNamed: (name) => hubNamed(bindings, name),
        counters: syncCounters,
        clock: Date.now,
        random: Math.random,
      });
      views.set(region, view);
      return view;
    },
  };
}

type LedgerNamespace = DurableObjectNamespace<LedgerForIsolates & Rpc.DurableObjectBranded>;

function ledgers(bindings: Readonly<Record<string, unknown>>): LedgerNamespace {
  const namespace = bindings["IDEMPOTENCY_LEDGER"];
  if (namespace === undefined)
    throw new Error("Expected the binding `IDEMPOTENCY_LEDGER` in wrangler.toml, got nothing");
  return namespace as LedgerNamespace;
}
