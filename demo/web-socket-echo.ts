/** Takes a WebSocket and sends every message back as it came. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

const webSockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });

/** Completes the handshake and echoes until either side closes. */
export function echoWebSocket(request: IncomingMessage, socket: Socket, head: Buffer): void {
  webSockets.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.on("message", (data, isBinary) => webSocket.send(data, { binary: isBinary }));
    // A broken frame closes the socket; there is nobody to tell.
    webSocket.on("error", () => {});
  });
}
