/**
 * Ends the WebSockets of a drained origin: when its time is over, with 1012, and not all at once.
 *
 * For that they are relayed through the Worker, and keep its isolate awake: only where `drainSeconds` asks for it.
 */
import { drainEndsMs } from "../affinity/claim.ts";
import type { OriginState } from "../steering/origin-state.ts";
import type { Exchange } from "./exchange.ts";
import { relayWebSocket } from "./web-socket-relay.ts";

/** Closed because the service restarts (registered by the IANA for RFC 6455): clients come again. */
const SERVICE_RESTART = 1012;
const REASON = "origin drained";

/** How often the origin's state is looked at, ms. A timer ends with its request, so each socket has its own. */
const LOOK_EVERY_MS = 1_000;

/** Sockets of one origin are closed over so long: a tenth of the drain, within these bounds, ms. */
const LEAST_SPREAD_MS = 1_000;
const MOST_SPREAD_MS = 30_000;

/**
 * Relays a WebSocket until either side closes it, or its origin is drained.
 *
 * @param handshake    an origin's answer with a `webSocket`
 * @param drainSeconds how long a draining origin keeps what it has
 * @param ended        called once, when the WebSocket is closed by whomever
 */
export function relayUntilDrained(
  exchange: Exchange,
  handshake: Response,
  origin: OriginState,
  drainSeconds: number,
  ended: () => void,
): Response {
  let watch: { stop(): void } | undefined;
  return relayWebSocket(
    handshake,
    () => {
      watch?.stop();
      ended();
    },
    (closeBoth) => {
      watch = watchDrain(exchange, origin, drainSeconds, () => closeBoth(SERVICE_RESTART, REASON));
    },
  );
}

/** Looks at the origin every second until it is drained or told to stop; the moment of closing is drawn once. */
function watchDrain(
  { view, context }: Exchange,
  origin: OriginState,
  drainSeconds: number,
  drained: () => void,
): { stop(): void } {
  const spreadMs = Math.min(MOST_SPREAD_MS, Math.max(LEAST_SPREAD_MS, drainSeconds * 100));
  const jitterMs = Math.random() * spreadMs;
  let disabledAtMs: number | null = null;
  let timer = setTimeout(look, LOOK_EVERY_MS);
  function look(): void {
    const nowMs = Date.now();
    // Without requests nothing else keeps the view up to date.
    view.sync.keep(context);
    disabledAtMs = origin.administrative === "disabled" ? (disabledAtMs ?? nowMs) : null;
    const endsMs =
      origin.administrative === "draining" ? drainEndsMs(origin, drainSeconds) : (disabledAtMs ?? Infinity);
    const leftMs = endsMs + jitterMs - nowMs;
    if (leftMs <= 0) return drained();
    // Looks of sockets that came together come together; their ends must not.
    timer = setTimeout(look, Math.min(leftMs, LOOK_EVERY_MS));
  }
  return { stop: () => clearTimeout(timer) };
}
