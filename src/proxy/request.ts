/** What goes out to an origin: the client's request less what is meant for this hop, plus what a gateway has to say. */
import type { Exchange } from "./exchange.ts";
import type { Target } from "./plan.ts";

/** Fields for one hop only (RFC 9110 section 7.6.1, RFC 9113 section 8.2.2, RFC 7540 section 3.2.1). */
export const HOP_BY_HOP = [
  "Connection",
  "Keep-Alive",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
  "HTTP2-Settings",
] as const;

/** Request fields that clients can forge and origins tend to believe; Fairlead writes its own or none. */
const FORGEABLE = [
  "Forwarded",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Proto",
  "X-Real-IP",
  "True-Client-IP",
];

/** Fairlead's own request fields, never taken from a client. */
const OWN = ["Fairlead-Region", "Fairlead-Probe", "Fairlead-Retry"];

/**
 * The fields of every attempt of an exchange, but for the origin's own.
 *
 * `Expect` is not forwarded: the runtime hands an origin's 100 back as if it were the answer.
 */
export function outboundHeaders(exchange: Exchange): Headers {
  const { request, service, clientAddress } = exchange;
  const headers = new Headers(request.headers);
  const isWebSocket = wantsWebSocket(request);
  removeHopByHop(headers);
  if (isWebSocket) headers.set("Upgrade", "websocket");
  headers.delete("Expect");
  for (const name of OWN) headers.delete(name);
  if (service.config.request.forwarded === "replace") for (const name of FORGEABLE) headers.delete(name);

  headers.append("Forwarded", forwardedElement(exchange));
  if (clientAddress !== null) headers.append("X-Forwarded-For", clientAddress);
  headers.set("X-Forwarded-Proto", exchange.scheme);
  headers.set("X-Forwarded-Host", request.headers.get("Host") ?? exchange.host);
  headers.append("Via", `1.1 ${exchange.gateway.plan.pseudonym}`);
  headers.set("X-Request-Id", exchange.requestId);
  headers.set("Fairlead-Region", exchange.place.region);
  if (request.method === "OPTIONS") countForward(headers);

  for (const name of service.requestHeaders.remove) headers.delete(name);
  for (const [name, value] of service.requestHeaders.set) headers.set(name, value);
  return headers;
}

/** Adds an origin's own fields; the copy keeps one origin's secrets from the next. */
export function headersFor(target: Target, headers: Headers): Headers {
  if (target.headers.length === 0) return headers;
  const own = new Headers(headers);
  for (const [name, value] of target.headers) own.set(name, value);
  return own;
}

/** Removes what is meant for one hop only, fields nominated by `Connection` included. */
export function removeHopByHop(headers: Headers): void {
  const nominated = headers.get("Connection");
  for (const name of HOP_BY_HOP) headers.delete(name);
  if (nominated === null) return;
  for (const option of nominated.split(",")) {
    const name = option.trim();
    if (isFieldName(name)) headers.delete(name);
  }
}

/** True for a WebSocket handshake. `Upgrade: h2c` and others are dropped like any hop-by-hop field. */
export function wantsWebSocket(request: Request): boolean {
  return request.headers.get("Upgrade")?.toLowerCase() === "websocket";
}

/** Path and query as the origin sees them: the service's prefix taken off and its rewrites applied, else untouched. */
export function outboundTarget(exchange: Exchange): string {
  const { stripPrefix, rewrite } = exchange.service.config.request;
  let target = exchange.target;
  if (stripPrefix !== "" && hasPathPrefix(target, stripPrefix)) {
    target = target.slice(stripPrefix.length);
    if (!target.startsWith("/")) target = `/${target}`;
  }
  const rule = rewrite.length === 0 ? undefined : rewrite.find(({ from }) => target.startsWith(from));
  return rule === undefined ? target : rule.to + target.slice(rule.from.length);
}

function hasPathPrefix(target: string, prefix: string): boolean {
  if (!target.startsWith(prefix)) return false;
  const next = target[prefix.length];
  return next === undefined || next === "/" || next === "?";
}

/** One forward less to go (RFC 9110 section 7.6.2); `admit` has answered those that have none left. */
function countForward(headers: Headers): void {
  const left = headers.get("Max-Forwards");
  if (left !== null && /^\d+$/.test(left)) headers.set("Max-Forwards", String(Number(left) - 1));
}

/** One element of `Forwarded` (RFC 7239). */
function forwardedElement({ clientAddress, request, host, scheme }: Exchange): string {
  const node =
    clientAddress === null ? "unknown" : clientAddress.includes(":") ? `"[${clientAddress}]"` : clientAddress;
  return `for=${node};host="${request.headers.get("Host") ?? host}";proto=${scheme}`;
}

function isFieldName(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}
