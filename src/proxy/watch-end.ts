/** A relay that sees the end of a body that an origin sends. Costs a pass through the Worker. */
import { bodyLengthOf } from "./body-length.ts";

/**
 * Passes a response on and says when nothing more will come of its body: it has gone out or broke off. A client that
 * leaves while nothing comes is noticed when something does.
 *
 * @param ended called once; at once where there is no body
 */
export function watchBody(
  response: Response,
  context: Pick<ExecutionContext, "waitUntil">,
  ended: () => void,
): Response {
  if (response.body === null) {
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
  const length = bodyLengthOf(response);
  return length === null ? new TransformStream<Uint8Array, Uint8Array>() : new FixedLengthStream(length);
}
