/** The path of a request, top to bottom: host, service, admission, cache, steering, attempts, answer. */
import type { RuleAnswer } from "../config/rules.ts";
import { hashOfKey } from "../steering/hash-key.ts";
import { ruleOf } from "../steering/narrow.ts";
import { SessionTurn } from "./affinity.ts";
import { addressOf, type Address } from "./address.ts";
import { answerAsRecipient, refusalOf } from "./admit.ts";
import type { Exchange } from "./exchange.ts";
import type { Admission } from "./limit.ts";
import { failureResponse, type Failure } from "./failure.ts";
import { readFields, type RequestFields } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import { isKeyed, throughLedger } from "./idempotency.ts";
import { maintenanceAnswer } from "./maintenance.ts";
import { clientResponse, describeExchange } from "./response.ts";
import type { Served } from "./cache-turn.ts";
import { throughCache } from "./through-cache.ts";

/**
 * Serves one request. Nothing is awaited that need not be: what a function that waits holds, the garbage collector carries.
 *
 * @param hasWaited for the view's first sync; a request waits for it once
 * @returns null when its host and path belong to no service
 */
export function handle(
  request: Request,
  gateway: Gateway,
  context: ExecutionContext,
  hasWaited = false,
): Response | null | Promise<Response | null> {
  // Once each: every look at a property of the request crosses into the runtime.
  const { url, method, headers } = request;
  const address = addressOf(url);
  const { plan } = gateway;
  const service = plan.route(address.host, address.path);
  if (service === null) return null;

  const fields = readFields(headers);
  const requestId = requestIdOf(fields);
  const refusal = refusalOf(method, url, fields, service, plan.pseudonym);
  if (refusal !== null) return failureResponse(refusal, requestId);
  if (service.config.httpsRedirect && address.scheme === "http") return redirectToHttps(address);
  const own = answerAsRecipient(method, url, fields);
  if (own !== null) return own;

  const place = gateway.placeOf(request, fields.ray);
  const view = gateway.viewFrom(place.region);
  view.sync.keep(context);
  const firstSync = hasWaited ? null : view.sync.firstSync();
  // What comes may be another configuration than the one it was routed by.
  if (firstSync !== null) return firstSync.then(() => handle(request, gateway, context, true));
  const state = view.services.get(service.name);
  if (state === undefined) return null;
  const away = state.maintenance === null ? null : maintenanceAnswer(state.maintenance, method, fields.clientAddress);
  if (away !== null) return away;
  const exchange: Exchange = {
    gateway,
    request,
    fields,
    context,
    service,
    place,
    method,
    headers,
    hashOf,
    view,
    state,
    requestId,
    // One by one: a spread copies by name, at every request.
    scheme: address.scheme,
    host: address.host,
    target: address.target,
    path: address.path,
    startedMs: Date.now(),
    readsBody: service.config.timeouts.idleMs > 0,
    session: service.affinity === null ? null : new SessionTurn(service.affinity),
    attempts: [],
  };

  const asked = service.limits.admit(exchange);
  return asked instanceof Promise ? asked.then((admission) => serve(exchange, admission)) : serve(exchange, asked);
}

/** Serves a request whose limits have been asked. */
function serve(exchange: Exchange, admission: Admission): Response | Promise<Response> {
  if (admission.refusal !== null) return admission.dress(failed(exchange, admission.refusal));
  const ruled = ruleOf(exchange.state, exchange)?.config.then.respond;
  if (ruled !== undefined) return admission.dress(ownAnswer(exchange, ruled));
  return isKeyed(exchange) ? serveOnce(exchange, admission) : serveAny(exchange, admission);
}

/** Serves a request as often as it comes: all but those with a key. */
async function serveAny(exchange: Exchange, admission: Admission): Promise<Response> {
  const answer = answerOf(exchange, await throughCache(exchange));
  // A session's new cookie is signed, and that has to be waited for.
  return admission.dress(answer instanceof Promise ? await answer : answer);
}

/** A request with a key that the ledger knows is answered as it was before. */
async function serveOnce(exchange: Exchange, admission: Admission): Promise<Response> {
  const answer = await throughLedger(exchange, async (run) => answerOf(run, await throughCache(run)));
  return admission.dress("response" in answer ? answer.response : failed(exchange, answer.failure));
}

/** Shared by all exchanges: a function of each one's own would be made for every request. */
function hashOf(this: Exchange, key: string): number {
  const { headers, target, fields } = this;
  return hashOfKey(key, { headers, target, clientAddress: fields.clientAddress });
}

/** The client's answer, of what the cache or an origin gave or of what went wrong; counted. */
function answerOf(exchange: Exchange, answer: Served): Response | Promise<Response> {
  const response =
    "hit" in answer
      ? storedAnswer(exchange, answer.hit)
      : "response" in answer
        ? clientResponse(exchange, answer.response)
        : failed(exchange, answer.failure);
  const { view, service, attempts, startedMs } = exchange;
  view.report.request(service.name, {
    isError: response.status >= 500,
    attempts: attempts.length,
    instance: "hit" in answer ? "(cache)" : (attempts.at(-1)?.candidate.origin.id ?? "(none)"),
    algorithm: service.config.steering.policy,
    durationMs: Date.now() - startedMs,
  });
  // After the cache: what it keeps or gives out is nobody's session.
  return exchange.session !== null && "response" in answer ? exchange.session.dress(response) : response;
}

/** An answer from the store says how it came about where an origin was asked, or where everything is to be said. */
function storedAnswer(exchange: Exchange, hit: Response): Response {
  if (exchange.attempts.length > 0 || exchange.service.config.debugHeaders) describeExchange(exchange, hit.headers);
  return hit;
}

function failed(exchange: Exchange, failure: Failure): Response {
  const response = failureResponse(failure, exchange.requestId);
  describeExchange(exchange, response.headers);
  return response;
}

/** An answer that the service's rules give themselves. */
function ownAnswer(exchange: Exchange, { status, headers, body }: RuleAnswer): Response {
  const empty = body === "" || exchange.request.method === "HEAD" || [204, 205, 304].includes(status);
  const response = new Response(empty ? null : body, { status, headers });
  describeExchange(exchange, response.headers);
  return response;
}

/** The client's `X-Request-Id` if it is one we would be glad to log, else a new one. */
function requestIdOf({ requestId }: RequestFields): string {
  return requestId !== null && /^[\w.:+/=-]{1,128}$/.test(requestId) ? requestId : crypto.randomUUID();
}

/** 308 keeps the method (RFC 9110 section 15.4.9). A port that spoke http does not speak https. */
function redirectToHttps({ host, target }: Address): Response {
  return new Response(null, { status: 308, headers: { Location: `https://${host}${target}` } });
}
