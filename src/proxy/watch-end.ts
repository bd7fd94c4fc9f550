/** A relay that sees the end of what an origin sends: of a body, or of a WebSocket. Costs a pass through the Worker. */
import { relayWebSocket } from "./web-socket-relay.ts";

/**
 * Passes a response on and says when nothing more will come of it: its body has gone out or broke off, or its WebSocket
 * is closed. A client that leaves while nothing comes is noticed when something does.
 *
 * @param ended called once; at once where there is neither
 */
export function watchEnd(
  response: Response,
  context: Pick<ExecutionContext, "waitUntil">,
  ended: () => void,
): Response {
  return response.webSocket === null ? watchBody(response, context, ended) : relayWebSocket(response, ended);
}

/** The same for bodies; a WebSocket passes as it is and counts as ended once it is open. */
export function watchBody(
  response: Response,
  context: Pick<ExecutionContext, "waitUntil">,
  ended: () => void,
): Response {
  if (response.body === null || response.webSocket !== null) {
    ended();
    return response;
  }
  const { readable, writable } = pipeFor(response);
  // Whoever reads learns of a broken body from the body itself.
  context.waitUntil(response.body.pipeTo(writable).then(ended, ended));
  return new Response(readable, response);
}

/** A pipe for a response's body; a known length is kept, so that a body broken off is seen as such by the client. */
export function pipeFor(response: Response): { readable: ReadableStream<Uint8Array>; writable: WritableStream } {
  const length = response.headers.get("Content-Length");
  return length === null || !/^\d+$/.test(length)
    ? new TransformStream<Uint8Array, Uint8Array>()
    : new FixedLengthStream(Number(length));
}
