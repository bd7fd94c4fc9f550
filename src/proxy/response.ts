/** What goes back to the client: the origin's answer less what was meant for this hop, plus how it came about. */
import { relayUntilDrained } from "./drained-web-socket.ts";
import type { Exchange } from "./exchange.ts";
import { relayWithIdleLimit } from "./idle.ts";
import { nominatedFields } from "./fields.ts";
import { beginStream } from "./open-streams.ts";
import { relayWebSocket } from "./web-socket-relay.ts";

/** Fields for one hop only that the runtime would pass on; `Connection` and its kin it writes itself (see fields.ts). */
const HOP_BY_HOP = ["Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Connection"];

/** Dresses an origin's answer for the client. A WebSocket's 101 passes as it is, or through a relay. */
export function clientResponse(exchange: Exchange, origin: Response): Response {
  if (origin.webSocket !== null) return webSocketResponse(exchange, origin);
  const { idleMs } = exchange.service.config.timeouts;
  const body = idleMs > 0 && origin.body !== null ? relayWithIdleLimit(origin, idleMs) : origin.body;
  const response = new Response(body, origin);
  const { headers } = response;
  for (const name of HOP_BY_HOP) headers.delete(name);
  for (const name of nominatedFields(headers.get("Connection"))) headers.delete(name);
  // RFC 9110 section 6.6.1: a recipient with a clock dates an undated response that it forwards.
  if (!headers.has("Date")) headers.set("Date", new Date().toUTCString());
  for (const name of exchange.service.responseHeaders.remove) headers.delete(name);
  for (const { name, value } of exchange.service.responseHeaders.set) headers.set(name, value);
  describeExchange(exchange, headers);
  return response;
}

/** Through one relay where somebody has to see its end: a policy that goes by open streams, or a drain. */
function webSocketResponse(exchange: Exchange, handshake: Response): Response {
  const { affinity, countsStreams } = exchange.service;
  const drainSeconds = affinity?.config.drainSeconds ?? 0;
  const last = exchange.attempts.at(-1);
  if (last === undefined || (drainSeconds === 0 && !countsStreams)) return handshake;
  const ended = countsStreams ? beginStream(last.candidate) : () => undefined;
  return drainSeconds === 0
    ? relayWebSocket(handshake, ended)
    : relayUntilDrained(exchange, handshake, last.candidate.origin, drainSeconds, ended);
}

/** Says how an answer came about: `X-Request-Id`, `Server-Timing` and, where asked for, the debug fields. */
export function describeExchange(exchange: Exchange, headers: Headers): void {
  headers.set("X-Request-Id", exchange.requestId);
  headers.append("Server-Timing", serverTiming(exchange));
  if (!exchange.service.config.debugHeaders) return;
  const last = exchange.attempts.at(-1);
  if (last !== undefined) headers.set("Fairlead-Origin", last.candidate.origin.id);
  headers.set("Fairlead-Attempts", exchange.attempts.map((a) => `${a.candidate.origin.id}=${a.result}`).join(", "));
  headers.set("Fairlead-Decision", decision(exchange));
}

/** W3C Server-Timing: what Fairlead itself took, then every attempt. */
function serverTiming({ attempts, startedMs }: Exchange): string {
  let spentMs = 0;
  let metrics = "";
  let number = 0;
  let lastMs = 0;
  for (const { candidate, durationMs } of attempts) {
    spentMs += durationMs;
    lastMs = durationMs;
    metrics += `, attempt${++number};dur=${durationMs};desc="${candidate.origin.id}"`;
  }
  if (number > 0) metrics += `, origin;dur=${lastMs}`;
  return `steer;dur=${Math.max(0, Date.now() - startedMs - spentMs)}${metrics}`;
}

/** Why this origin: policy, pool, reason, and how old the view was that decided. */
function decision(exchange: Exchange): string {
  const { state, service, view, place } = exchange;
  const last = exchange.attempts.at(-1);
  const age = view.syncedAtMs === 0 ? "bundled" : `${Math.max(0, Date.now() - view.syncedAtMs)}ms`;
  const parts = [`policy=${service.config.steering.policy}`, `region=${place.region}`];
  if (last !== undefined) {
    const { pool } = last.candidate;
    parts.push(`pool=${pool.id}`, `reason="${state.picker.reason(state.pools.indexOf(pool), exchange)}"`);
  }
  if (last !== undefined && last.candidate.origin.backup > 0) parts.push("backup");
  if (state.panicking) parts.push("panic");
  parts.push(`view-age=${age}`);
  return parts.join("; ");
}
