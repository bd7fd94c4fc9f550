/** What goes out to an origin: the client's request less what is meant for this hop, plus what a gateway has to say. */
import type { Exchange } from "./exchange.ts";
import { nominatedFields } from "./fields.ts";
import type { Target } from "./plan.ts";

/** The fields of every attempt of an exchange, but for the origin's own. */
export function outboundHeaders(exchange: Exchange): Headers {
  const { request, service, fields } = exchange;
  const headers = new Headers(request.headers);
  for (const name of fields.forbidden) headers.delete(name);
  for (const name of nominatedFields(fields.connection)) headers.delete(name);
  if (service.config.request.forwarded === "replace") for (const name of fields.forgeable) headers.delete(name);
  if (isWebSocket(exchange)) headers.set("Upgrade", "websocket");

  const host = fields.host ?? exchange.host;
  headers.append("Forwarded", forwardedElement(fields.clientAddress, host, exchange.scheme));
  if (fields.clientAddress !== null) headers.append("X-Forwarded-For", fields.clientAddress);
  headers.set("X-Forwarded-Proto", exchange.scheme);
  headers.set("X-Forwarded-Host", host);
  headers.append("Via", exchange.gateway.plan.via);
  headers.set("X-Request-Id", exchange.requestId);
  headers.set("Fairlead-Region", exchange.place.region);
  if (fields.maxForwards !== null && request.method === "OPTIONS") countForward(headers, fields.maxForwards);

  for (const name of service.requestHeaders.remove) headers.delete(name);
  for (const { name, value } of service.requestHeaders.set) headers.set(name, value);
  return headers;
}

/** Adds an origin's own fields; the copy keeps one origin's secrets from the next. */
export function headersFor(target: Target, headers: Headers): Headers {
  if (target.headers.length === 0) return headers;
  const own = new Headers(headers);
  for (const { name, value } of target.headers) own.set(name, value);
  return own;
}

/** True for a WebSocket handshake. `Upgrade: h2c` and others are dropped like any hop-by-hop field. */
export function isWebSocket({ fields }: Exchange): boolean {
  return fields.upgrade !== null && fields.upgrade.toLowerCase() === "websocket";
}

/** Path and query as the origin sees them: the service's prefix taken off and its rewrites applied, else untouched. */
export function outboundTarget(exchange: Exchange): string {
  const { stripPrefix, rewrite } = exchange.service.config.request;
  let target = exchange.target;
  if (stripPrefix !== "" && hasPathPrefix(target, stripPrefix)) {
    target = target.slice(stripPrefix.length);
    if (!target.startsWith("/")) target = `/${target}`;
  }
  if (rewrite.length === 0) return target;
  const rule = rewrite.find(({ from }) => hasPathPrefix(target, from));
  if (rule === undefined) return target;
  const rest = target.slice(rule.from.length);
  // The slash between them is written once, as where the Gateway API replaces a prefix: `/old` by `/` makes `/a` of `/old/a`.
  const isTwice = rule.to.endsWith("/") && !rule.from.endsWith("/") && rest.startsWith("/");
  return rule.to + (isTwice ? rest.slice(1) : rest);
}

/** Whether whole segments of the path are `prefix`; one that ends in a slash has ended its last segment itself. */
function hasPathPrefix(target: string, prefix: string): boolean {
  if (!target.startsWith(prefix)) return false;
  const next = target[prefix.length];
  return next === undefined || next === "/" || next === "?" || prefix.endsWith("/");
}

/** More than any path is long; the number of a field may be longer than numbers are exact. */
const MOST_FORWARDS = 1_000_000;

/** One forward less to go (RFC 9110 section 7.6.2); `admit` has answered those that have none left. */
function countForward(headers: Headers, left: string): void {
  if (/^\d+$/.test(left)) headers.set("Max-Forwards", String(Math.min(Number(left), MOST_FORWARDS) - 1));
}

/** One element of `Forwarded` (RFC 7239). */
function forwardedElement(address: string | null, host: string, scheme: string): string {
  const node = address === null ? "unknown" : address.includes(":") ? `"[${address}]"` : address;
  return `for=${node};host="${host}";proto=${scheme}`;
}
