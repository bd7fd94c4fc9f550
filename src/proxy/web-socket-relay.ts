/**
 * A WebSocket between client and origin that goes through the Worker message by message, so that its end is seen. One that
 * nobody has to watch is passed on as it is, which costs nothing.
 *
 * What the relay cannot do: it sends as fast as it receives, so a side that does not read makes the Worker keep what is
 * meant for it; and compression ends here.
 */

/** Nobody may send these (RFC 6455 section 7.4.1); they say that a close had no code, or that there was none. */
const NO_CODE = 1005;
const UNSENDABLE = new Set([1005, 1006, 1015]);

/** Sent in place of a close that never came: the other side is gone. */
const GONE = 1001;

/** Fields of the origin's handshake; the one with the client has its own. */
const OF_THE_HANDSHAKE = ["Connection", "Upgrade", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions"];

/**
 * Relays the WebSocket that an origin has opened.
 *
 * @param origin an answer with a `webSocket`
 * @param ended  called once, when either side has closed
 * @param begun  is given what closes both sides
 * @returns the answer for the client
 */
export function relayWebSocket(
  origin: Response,
  ended: () => void,
  begun: (closeBoth: (code: number, reason: string) => void) => void = () => undefined,
): Response {
  const toOrigin = origin.webSocket!;
  const { 0: forClient, 1: toClient } = new WebSocketPair();
  let isOpen = true;
  const endOnce = () => {
    if (isOpen) ended();
    isOpen = false;
  };
  pass(toOrigin, toClient, endOnce);
  pass(toClient, toOrigin, endOnce);
  toOrigin.accept();
  toClient.accept();
  begun((code, reason) => {
    close(toClient, code, reason);
    close(toOrigin, code, reason);
  });
  const headers = new Headers(origin.headers);
  for (const name of OF_THE_HANDSHAKE) headers.delete(name);
  return new Response(null, { status: 101, webSocket: forClient, headers });
}

/** Hands on what comes from one side to the other. */
function pass(from: WebSocket, to: WebSocket, ended: () => void): void {
  from.binaryType = "arraybuffer";
  from.addEventListener("message", ({ data }) => {
    // A side that has just gone takes nothing any more; its own close follows.
    if (to.readyState === WebSocket.OPEN) to.send(data as string | ArrayBuffer);
  });
  from.addEventListener("close", ({ code, reason }) => {
    close(to, code, reason);
    ended();
  });
  from.addEventListener("error", () => {
    close(to, GONE, "");
    ended();
  });
}

function close(side: WebSocket, code: number, reason: string): void {
  if (side.readyState === WebSocket.CLOSED || side.readyState === WebSocket.CLOSING) return;
  if (code === NO_CODE) side.close();
  // Of a close that never came the reason is the runtime's own words.
  else if (UNSENDABLE.has(code)) side.close(GONE);
  else side.close(code, reason);
}
