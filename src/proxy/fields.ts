/**
 * What the request path wants to know of a request's fields, read in one pass: every look at a `Headers` crosses from
 * JavaScript into the runtime, and a dozen of them are what a gateway mostly costs.
 */

export interface RequestFields {
  /** All fields together as HTTP/1.1 would write them, in bytes. */
  readonly sizeBytes: number;
  /** Present fields that must not reach an origin whatever the service says. */
  readonly forbidden: readonly string[];
  /** Present fields that a client can forge and origins tend to believe. */
  readonly forgeable: readonly string[];
  readonly connection: string | null;
  readonly contentLength: string | null;
  readonly transferEncoding: string | null;
  readonly host: string | null;
  readonly upgrade: string | null;
  readonly via: string | null;
  readonly maxForwards: string | null;
  readonly idempotencyKey: string | null;
  readonly requestId: string | null;
  /** The client's address; only Cloudflare's edge makes it trustworthy. */
  readonly clientAddress: string | null;
}

/**
 * Not for origins: fields of this hop (RFC 9110 section 7.6.1, RFC 7540 section 3.2.1), `Expect` (the runtime hands an
 * origin's 100 back as if it were the answer), and Fairlead's own.
 *
 * `Connection`, `Keep-Alive`, `TE`, `Trailer`, `Transfer-Encoding` and `Upgrade` are missing here because the runtime
 * writes those itself for every connection and never copies them from a `Headers`.
 */
const FORBIDDEN = new Set([
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "http2-settings",
  "expect",
  "fairlead-region",
  "fairlead-probe",
  "fairlead-retry",
]);

const FORGEABLE = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
  "true-client-ip",
]);

type Named =
  | "connection"
  | "contentLength"
  | "transferEncoding"
  | "host"
  | "upgrade"
  | "via"
  | "maxForwards"
  | "idempotencyKey"
  | "requestId"
  | "clientAddress";

const NAMED: ReadonlyMap<string, Named> = new Map([
  ["connection", "connection"],
  ["content-length", "contentLength"],
  ["transfer-encoding", "transferEncoding"],
  ["host", "host"],
  ["upgrade", "upgrade"],
  ["via", "via"],
  ["max-forwards", "maxForwards"],
  ["idempotency-key", "idempotencyKey"],
  ["x-request-id", "requestId"],
  ["cf-connecting-ip", "clientAddress"],
]);

/** Reads a request's fields; the runtime gives their names in lower case. */
export function readFields(headers: Headers): RequestFields {
  let sizeBytes = 0;
  const forbidden: string[] = [];
  const forgeable: string[] = [];
  const named: Record<Named, string | null> = {
    connection: null,
    contentLength: null,
    transferEncoding: null,
    host: null,
    upgrade: null,
    via: null,
    maxForwards: null,
    idempotencyKey: null,
    requestId: null,
    clientAddress: null,
  };
  for (const [name, value] of headers) {
    sizeBytes += name.length + value.length + 4; // ": " and the line's end
    const known = NAMED.get(name);
    if (known !== undefined) named[known] = value;
    else if (FORBIDDEN.has(name)) forbidden.push(name);
    else if (FORGEABLE.has(name)) forgeable.push(name);
  }
  return { sizeBytes, forbidden, forgeable, ...named };
}

/** The fields that `Connection` nominates for this hop, less those that the runtime sees to (RFC 9110 section 7.6.1). */
export function nominatedFields(connection: string | null): string[] {
  if (connection === null || connection === "keep-alive" || connection === "close") return [];
  return connection
    .split(",")
    .map((option) => option.trim())
    .filter((name) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name));
}
