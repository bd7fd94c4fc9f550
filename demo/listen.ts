/** A server of the demo's own on a port of this machine: when it listens, and when it is gone. */
import type { Server } from "node:http";

/**
 * @returns when it listens
 * @throws Error when the port cannot be listened on
 */
export function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen({ port, host: "127.0.0.1", exclusive: true }, resolve);
  });
}

/** Ends a server with the connections it has. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
