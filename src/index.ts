/** The Worker's entry: services go to the request path, admin hosts to the control plane, anything else is misdirected. */
import { env } from "cloudflare:workers";
import config from "../fairlead.config.ts";
import { controlPlane } from "./api/app.ts";
import { configDigest } from "./config/digest.ts";
import { addressOf } from "./proxy/address.ts";
import { isMalformedHost, MALFORMED_HOST } from "./proxy/admit.ts";
import { failureResponse, type Failure } from "./proxy/failure.ts";
import { openGateway, type Gateway } from "./proxy/gateway.ts";
import { handle } from "./proxy/handle.ts";
import { hostMatches } from "./proxy/route.ts";
import { logError } from "./telemetry/log.ts";

export { ControlPlane } from "../durable-objects/control-plane.ts";
export { IdempotencyLedger } from "../durable-objects/idempotency-ledger.ts";
export { OriginBreaker } from "../durable-objects/origin-breaker.ts";
export { RateLimiter } from "../durable-objects/rate-limiter.ts";
export { RegionHub } from "../durable-objects/region-hub.ts";

const api = controlPlane();
let gateway: Gateway | undefined;

export default {
  async fetch(request, _env, context) {
    try {
      gateway ??= openGateway(config, env as unknown as Record<string, unknown>, await configDigest(config), (purge) =>
        api.fetch(purge),
      );
      return (await handle(request, gateway, context)) ?? (await beyondServices(request));
    } catch (error) {
      logError("request failed", error);
      return failureResponse({ kind: "internal" }, crypto.randomUUID());
    }
  },
} satisfies ExportedHandler;

/** Nothing on a service's hosts is reserved; admin hosts are asked only when no service matches. */
async function beyondServices(request: Request): Promise<Response> {
  const { host } = addressOf(request.url);
  if (hostMatches(config.admin.hosts, host)) return api.fetch(request);
  const failure: Failure = isMalformedHost(host)
    ? { kind: "bad-request", detail: MALFORMED_HOST }
    : { kind: "unknown-host", host };
  return failureResponse(failure, crypto.randomUUID());
}
