/** The one place where a failure becomes a status: every error of Fairlead's own, as problem+json (RFC 9457). */

/** What can go wrong before, or instead of, an origin's answer. */
export type Failure =
  | { readonly kind: "bad-request"; readonly detail: string }
  | { readonly kind: "forbidden" }
  | { readonly kind: "method-not-allowed"; readonly method: string }
  | { readonly kind: "upload-timeout" }
  | { readonly kind: "length-required" }
  | { readonly kind: "body-too-large"; readonly limitBytes: number }
  | { readonly kind: "url-too-long"; readonly limitBytes: number }
  | { readonly kind: "headers-too-large"; readonly limitBytes: number }
  | { readonly kind: "unknown-host"; readonly host: string }
  | { readonly kind: "idempotency-mismatch" }
  /** `isDone`: it has run, but its answer was too long to keep. */
  | { readonly kind: "idempotency-conflict"; readonly isDone: boolean }
  | { readonly kind: "loop" }
  | { readonly kind: "quota-exceeded"; readonly limits: readonly string[]; readonly retryAfterSeconds: number }
  | { readonly kind: "reduced-capacity"; readonly level: string; readonly retryAfterSeconds: number }
  | { readonly kind: "limiter-unanswered"; readonly limits: readonly string[]; readonly retryAfterSeconds: number }
  | { readonly kind: "ledger-unanswered"; readonly retryAfterSeconds: number }
  /** The operator has been told what is missing; clients are not. */
  | { readonly kind: "not-configured" }
  | { readonly kind: "no-origin"; readonly retryAfterSeconds: number }
  | { readonly kind: "origin-failed" }
  | { readonly kind: "origin-timeout" }
  | { readonly kind: "not-cached" }
  | { readonly kind: "internal" };

interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A registered problem type, where there is one for it. */
  readonly type?: string;
  /** Extension members (RFC 9457 section 3.2). */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Registered by draft-ietf-httpapi-ratelimit-headers. */
const REGISTERED = "https://iana.org/assignments/http-problem-types";

function problemOf(failure: Failure): Problem {
  switch (failure.kind) {
    case "bad-request":
      return { status: 400, title: "Bad request", detail: failure.detail };
    case "forbidden":
      return { status: 403, title: "Forbidden", detail: "This address may not use this service." };
    case "method-not-allowed":
      return {
        status: 405,
        title: "Method not allowed",
        detail: `${failure.method} is not forwarded.`,
        headers: { Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" },
      };
    case "upload-timeout":
      return {
        status: 408,
        title: "Request timeout",
        detail: "The request body stopped coming.",
        headers: { Connection: "close" },
      };
    case "idempotency-conflict":
      return {
        status: 409,
        title: "Conflict",
        detail: failure.isDone
          ? "This `Idempotency-Key` has been answered, and the answer was too long to keep."
          : "A request with this `Idempotency-Key` is still running.",
        ...(failure.isDone ? {} : { headers: { "Retry-After": "1" } }),
      };
    case "length-required":
      return {
        status: 411,
        title: "Length required",
        detail: "Expected `Content-Length` with content of a GET or HEAD.",
      };
    case "body-too-large":
      return {
        status: 413,
        title: "Content too large",
        detail: `Expected a body of at most ${failure.limitBytes} bytes.`,
      };
    case "url-too-long":
      return { status: 414, title: "URI too long", detail: `Expected a URL of at most ${failure.limitBytes} bytes.` };
    case "unknown-host":
      return {
        status: 421,
        title: "Misdirected request",
        detail: `No service answers for \`${failure.host}\` and this path.`,
      };
    case "idempotency-mismatch":
      return {
        status: 422,
        title: "Unprocessable content",
        detail: "This `Idempotency-Key` came with another body before.",
      };
    case "headers-too-large":
      return {
        status: 431,
        title: "Request header fields too large",
        detail: `Expected header fields of at most ${failure.limitBytes} bytes together.`,
      };
    case "quota-exceeded":
      return {
        status: 429,
        title: "Too many requests",
        detail: `Expected fewer requests; come back in ${failure.retryAfterSeconds} s.`,
        headers: { "Retry-After": String(failure.retryAfterSeconds) },
        type: `${REGISTERED}#quota-exceeded`,
        members: { "violated-policies": failure.limits },
      };
    case "internal":
      return { status: 500, title: "Internal error", detail: "Something went wrong on our side; it has been logged." };
    case "origin-failed":
      return { status: 502, title: "Bad gateway", detail: "No origin gave a valid answer." };
    case "not-configured":
      return {
        status: 503,
        title: "Not configured",
        detail: "Something that this service needs has not been set up here yet; it has been logged.",
      };
    case "no-origin":
      return {
        status: 503,
        title: "Service unavailable",
        detail: "No origin is available for this request.",
        headers: { "Retry-After": String(failure.retryAfterSeconds) },
      };
    case "reduced-capacity":
      return {
        status: 503,
        title: "Reduced capacity",
        detail: `Requests of level ${failure.level} are turned away until there is room again.`,
        headers: { "Retry-After": String(failure.retryAfterSeconds) },
        type: `${REGISTERED}#temporary-reduced-capacity`,
        members: { "violated-policies": [failure.level] },
      };
    case "limiter-unanswered":
      return {
        status: 503,
        title: "Service unavailable",
        detail: "Whether this request is within its limits could not be learnt in time.",
        headers: { "Retry-After": String(failure.retryAfterSeconds) },
        members: { limits: failure.limits },
      };
    case "ledger-unanswered":
      return {
        status: 503,
        title: "Service unavailable",
        detail:
          "Whether this `Idempotency-Key` has been answered could not be learnt in time; the request was not run.",
        headers: { "Retry-After": String(failure.retryAfterSeconds) },
      };
    case "origin-timeout":
      return { status: 504, title: "Gateway timeout", detail: "No origin answered in time." };
    case "not-cached":
      return {
        status: 504,
        title: "Gateway timeout",
        detail: "Only a stored answer was asked for, and there is none.",
      };
    case "loop":
      return { status: 508, title: "Loop detected", detail: "This request has passed through here before." };
  }
}

/** The answer to a failure. `HEAD` gets the same fields and no body, which the platform sees to. */
export function failureResponse(failure: Failure, requestId: string): Response {
  const { status, title, detail, headers, type, members } = problemOf(failure);
  const kind = type ?? `https://fairlead.dev/problems/${failure.kind}`;
  const body = { type: kind, title, status, detail, requestId, ...members };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "X-Request-Id": requestId,
      ...headers,
    },
  });
}
