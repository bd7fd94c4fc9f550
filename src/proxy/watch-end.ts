/** A relay that sees the end of a body that an origin sends. Costs a pass through the Worker. */
import { bodyLengthOf } from "./body-length.ts";
import { fill, openRelay } from "./relay.ts";

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
  const { readable, writable } = openRelay(bodyLengthOf(response));
  // Whoever reads learns of a broken body from the body itself.
  context.waitUntil(fill(writable, response.body).then(ended, ended));
  return new Response(readable, response);
}
