/** A client of the balancer somewhere on the globe: one request over HTTP, and what became of it. Nothing is retried here. */
import { Agent, request, type IncomingHttpHeaders } from "node:http";
import { cfBlob, type Place } from "./places.ts";

export interface ClientRequest {
  /** The Worker's, on 127.0.0.1. */
  readonly port: number;
  readonly place?: Place;
  /** Default: the demo's service. */
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly timeoutMs?: number;
}

export interface ClientAnswer {
  /** 0 when no head came. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** What went wrong on the wire: refused, reset, timed out, or a body that ended before its end. */
  readonly error: string | undefined;
  readonly tookMs: number;
}

/**
 * Connections are let go long before workerd would (after 15 s without a request, measured): a request on one that is being
 * closed at the other end would be lost, which is the client's fault and nobody else's.
 */
const agent = new Agent({ keepAlive: true, timeout: 5_000 });

/** Sends a request with `Host` and place as given. Never rejects: an error is an answer that a client sees. */
export function send(options: ClientRequest): Promise<ClientAnswer> {
  const {
    port,
    place,
    host = "demo.localhost",
    method = "GET",
    path = "/",
    headers = {},
    timeoutMs = 60_000,
  } = options;
  const startedAt = performance.now();
  return new Promise((resolve) => {
    let status = 0;
    let received: IncomingHttpHeaders = {};
    let body = "";
    const finish = (error?: string) =>
      resolve({ status, headers: received, body, error, tookMs: performance.now() - startedAt });
    const outgoing = request(
      {
        agent,
        host: "127.0.0.1",
        port,
        method,
        path,
        headers: {
          Host: host,
          ...(place === undefined ? {} : { "MF-CF-Blob": cfBlob(place) }),
          // Node frames the body of a DELETE only if it is told how long it is.
          ...(options.body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(options.body)) }),
          ...headers,
        },
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        status = response.statusCode ?? 0;
        received = response.headers;
        response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
        response.on("error", (error) => finish(error.message)).on("end", () => finish());
      },
    );
    outgoing.on("error", (error) => finish(error.message)).end(options.body);
  });
}
