/** Whether a request may go any further: shape, size, address, loops. Guard clauses, cheapest first. */
import { isServerWide } from "./address.ts";
import type { Failure } from "./failure.ts";
import type { RequestFields } from "./fields.ts";
import { isMalformedHost, MALFORMED_HOST } from "./host.ts";
import type { ServicePlan } from "./plan.ts";

/** The reason for refusing a request, or null to let it in. */
export function refusalOf(
  method: string,
  url: string,
  fields: RequestFields,
  service: ServicePlan,
  pseudonym: string,
): Failure | null {
  const { limits } = service.config;
  if (method === "TRACE" || method === "CONNECT") return { kind: "method-not-allowed", method };
  if (!service.access(fields.clientAddress)) return { kind: "forbidden" };
  if (url.length > limits.maxUrlBytes) return { kind: "url-too-long", limitBytes: limits.maxUrlBytes };
  if (fields.sizeBytes > limits.maxHeaderBytes) return { kind: "headers-too-large", limitBytes: limits.maxHeaderBytes };
  const framing = framingFault(fields);
  if (framing !== null) return { kind: "bad-request", detail: framing };
  // The runtime makes a GET without content of any handshake, and rules that go by the method would have judged another.
  if (method !== "GET" && fields.upgrade?.toLowerCase() === "websocket")
    return { kind: "bad-request", detail: NOT_GET };
  if (Number(fields.contentLength) > limits.maxBodyBytes) {
    return { kind: "body-too-large", limitBytes: limits.maxBodyBytes };
  }
  if (fields.via?.includes(pseudonym) === true) return { kind: "loop" };
  return null;
}

/**
 * What the runtime let through although RFC 9112 sections 3.2 and 6.3 forbid it. workerd rejects most bad framing
 * itself and joins repeated fields with a comma, which is how the rest is seen here.
 */
function framingFault({ contentLength, transferEncoding, host }: RequestFields): string | null {
  if (contentLength !== null && !/^\d+$/.test(contentLength)) {
    return "Expected one `Content-Length` that is a whole number.";
  }
  if (contentLength !== null && transferEncoding !== null) {
    return "Expected either `Content-Length` or `Transfer-Encoding`, got both.";
  }
  if (transferEncoding !== null && transferEncoding.toLowerCase() !== "chunked") {
    // The runtime takes `gzip, chunked`, undoes the chunks and would send the rest on without a word of the other coding.
    return "Expected `Transfer-Encoding` to be `chunked`, got another coding.";
  }
  if (host !== null && isMalformedHost(host)) return MALFORMED_HOST;
  return null;
}

/** RFC 6455 section 4.1. */
const NOT_GET = "Expected a WebSocket handshake to be a GET.";

/**
 * The answer to `OPTIONS *` and to `OPTIONS` with `Max-Forwards: 0`, whose recipient is this gateway (RFC 9110 sections
 * 9.3.7 and 7.6.2); null for any other request.
 */
export function answerAsRecipient(method: string, url: string, fields: RequestFields): Response | null {
  if (method !== "OPTIONS") return null;
  if (fields.maxForwards?.trim() !== "0" && !isServerWide(url)) return null;
  return new Response(null, { status: 204, headers: { Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" } });
}
