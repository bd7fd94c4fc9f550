/** Whether a request may go any further: shape, size, address, loops. Guard clauses, cheapest first. */
import type { ServicePlan } from "./plan.ts";
import type { Failure } from "./failure.ts";

/** A request as far as it is known before a view is looked at. */
export interface Arrival {
  readonly request: Request;
  readonly service: ServicePlan;
  readonly clientAddress: string | null;
  /** This deployment's name in `Via`. */
  readonly pseudonym: string;
}

/** The reason for refusing a request, or null to let it in. */
export function refusalOfArrival({ request, service, clientAddress, pseudonym }: Arrival): Failure | null {
  const { headers, method, url } = request;
  const { limits } = service.config;
  if (method === "TRACE" || method === "CONNECT") return { kind: "method-not-allowed", method };
  if (!service.access(clientAddress)) return { kind: "forbidden" };
  if (url.length > limits.maxUrlBytes) return { kind: "url-too-long", limitBytes: limits.maxUrlBytes };
  const framing = framingFault(headers);
  if (framing !== null) return { kind: "bad-request", detail: framing };
  if (Number(headers.get("Content-Length")) > limits.maxBodyBytes) {
    return { kind: "body-too-large", limitBytes: limits.maxBodyBytes };
  }
  if (headerBytes(headers) > limits.maxHeaderBytes) {
    return { kind: "headers-too-large", limitBytes: limits.maxHeaderBytes };
  }
  if (headers.get("Via")?.includes(pseudonym) === true) return { kind: "loop" };
  return null;
}

/**
 * What the runtime let through although RFC 9112 sections 3.2 and 6.3 forbid it. workerd rejects most bad framing
 * itself and joins repeated fields with a comma, which is how the rest is seen here.
 */
function framingFault(headers: Headers): string | null {
  const length = headers.get("Content-Length");
  if (length !== null && !/^\d+$/.test(length)) {
    return "Expected one `Content-Length` that is a whole number.";
  }
  if (length !== null && headers.has("Transfer-Encoding")) {
    return "Expected either `Content-Length` or `Transfer-Encoding`, got both.";
  }
  const host = headers.get("Host");
  if (host !== null && /[\s,/@?#\\]/.test(host)) return "Expected one `Host` that is a host and an optional port.";
  return null;
}

/** Bytes of all fields as HTTP/1.1 would write them. */
function headerBytes(headers: Headers): number {
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length + 4;
  return bytes;
}

/**
 * The answer to `OPTIONS` with `Max-Forwards: 0`, whose recipient is this gateway (RFC 9110 section 7.6.2); null for any
 * other request.
 */
export function answerAsRecipient(request: Request): Response | null {
  if (request.method !== "OPTIONS" || request.headers.get("Max-Forwards")?.trim() !== "0") return null;
  return new Response(null, { status: 204, headers: { Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" } });
}
