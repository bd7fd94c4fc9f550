/** The Worker's entry: services go to the request path, admin hosts to the control plane, anything else is misdirected. */
import { env } from "cloudflare:workers";
import config from "../fairlead.config.ts";
import { controlObjects, isolateMemory } from "./api/objects.ts";
import type { ControlPlane as ControlPlaneApi } from "./api/app.ts";
import { configDigest } from "./config/digest.ts";
import { addressOf } from "./proxy/address.ts";
import { failureResponse, type Failure } from "./proxy/failure.ts";
import { openGateway, type Gateway } from "./proxy/gateway.ts";
import { handle } from "./proxy/handle.ts";
import { isMalformedHost, MALFORMED_HOST } from "./proxy/host.ts";
import { hostMatches } from "./proxy/route.ts";
import { uncounted } from "./proxy/uncounted.ts";
import { logError } from "./telemetry/log.ts";

export { AuditLog } from "../durable-objects/audit-log.ts";
export { ControlPlane } from "../durable-objects/control-plane.ts";
export { IdempotencyLedger } from "../durable-objects/idempotency-ledger.ts";
export { OriginBreaker } from "../durable-objects/origin-breaker.ts";
export { RateLimiter } from "../durable-objects/rate-limiter.ts";
export { RegionHub } from "../durable-objects/region-hub.ts";
export { SessionAffinity } from "../durable-objects/session-affinity.ts";

let gateway: Gateway | undefined;
let api: ControlPlaneApi | undefined;

export default {
  async fetch(request, _bindings, context) {
    try {
      gateway ??= openGateway(
        config,
        env as unknown as Record<string, unknown>,
        await configDigest(config),
        askControlPlane,
      );
      return (await handle(request, gateway, context)) ?? (await beyondServices(request, context));
    } catch (error) {
      logError("request failed", error);
      return failureResponse({ kind: "internal" }, crypto.randomUUID());
    }
  },
} satisfies ExportedHandler;

/** Nothing on a service's hosts is reserved; admin hosts are asked only when no service matches. */
async function beyondServices(request: Request, context: ExecutionContext): Promise<Response> {
  const { host } = addressOf(request.url);
  if (hostMatches(config.admin.hosts, host)) return askControlPlane(request, context);
  const added = isMalformedHost(host) ? null : await servedSinceDeployed(request, context);
  if (added !== null) return added;
  const failure: Failure = isMalformedHost(host)
    ? { kind: "bad-request", detail: MALFORMED_HOST }
    : { kind: "unknown-host", host };
  return failureResponse(failure, crypto.randomUUID());
}

/** A service may have been added at runtime, and this isolate not have heard of it: it asks once it holds no lease. */
async function servedSinceDeployed(request: Request, context: ExecutionContext): Promise<Response | null> {
  const here = gateway!;
  const { plan } = here;
  await here.viewFrom(here.placeOf(request).region).sync.leased(context);
  return here.plan === plan ? null : handle(request, here, context);
}

async function askControlPlane(request: Request, context: ExecutionContext): Promise<Response> {
  api ??= await openControlPlane(gateway!);
  return api.fetch(request, env, context);
}

/** Loaded when first asked for: isolates that only carry traffic never pay for the control plane. */
async function openControlPlane(gateway: Gateway): Promise<ControlPlaneApi> {
  const { controlPlane } = await import("./api/app.ts");
  const objects = controlObjects(env as unknown as Record<string, unknown>);
  const own = uncounted(gateway);
  return controlPlane({
    config,
    digest: await configDigest(config),
    viewFor: (request) => gateway.viewFrom(gateway.placeOf(request).region),
    effective: () => gateway.plan.config,
    faultOf: (changed) => gateway.faultOf(changed),
    faults: () => gateway.plan.faults,
    ...isolateMemory(() => gateway.views.values()),
    // Not spread: a stub belongs to the request that asked for it.
    get control() {
      return objects.control;
    },
    get audit() {
      return objects.audit;
    },
    get ledger() {
      return objects.ledger;
    },
    hub: (name) => objects.hub(name),
    breaker: (origin) => objects.breaker(origin),
    limiter: (name) => objects.limiter(name),
    syncCounters: gateway.syncCounters,
    sessions: (shard) => objects.sessions(shard),
    viewFrom: (region) => gateway.viewFrom(region),
    placeOf: gateway.placeOf,
    serve: async (request, context) =>
      (await handle(request, own, context as ExecutionContext)) ??
      failureResponse({ kind: "unknown-host", host: addressOf(request.url).host }, crypto.randomUUID()),
    locate: (url) => {
      const { host, path, target } = addressOf(url);
      return { service: gateway.plan.route(host, path)?.name ?? null, path, target };
    },
    now: Date.now,
  });
}
