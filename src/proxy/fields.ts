/**
 * What the request path wants to know of a request's fields, read in one pass: every look at a `Headers` crosses from
 * JavaScript into the runtime, and a dozen of them are what a gateway mostly costs.
 */

import { withoutRootDot } from "../config/host.ts";

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
  /** Without the dot of an absolute name: answers are stored for both spellings, so origins must not tell them apart. */
  readonly host: string | null;
  readonly upgrade: string | null;
  readonly via: string | null;
  readonly maxForwards: string | null;
  readonly idempotencyKey: string | null;
  readonly cookie: string | null;
  readonly requestId: string | null;
  /** Cloudflare's name for the request. */
  readonly ray: string | null;
  /** The client's address; only Cloudflare's edge makes it trustworthy. */
  readonly clientAddress: string | null;
}

type Named =
  | "connection"
  | "contentLength"
  | "transferEncoding"
  | "host"
  | "upgrade"
  | "via"
  | "maxForwards"
  | "idempotencyKey"
  | "cookie"
  | "requestId"
  | "ray"
  | "clientAddress";

type Known = Named | "forbidden" | "forgeable";

/**
 * What is to be done with a field, by its name; one look tells.
 *
 * Not for origins are fields of this hop (RFC 9110 section 7.6.1, RFC 7540 section 3.2.1), `Expect` (the runtime hands an
 * origin's 100 back as if it were the answer), and Fairlead's own. `Connection`, `Keep-Alive`, `TE`, `Trailer`,
 * `Transfer-Encoding` and `Upgrade` are not among the forbidden because the runtime writes those itself for every
 * connection and never copies them from a `Headers`.
 */
const PROPER: readonly (readonly [name: string, Known])[] = [
  ["connection", "connection"],
  ["content-length", "contentLength"],
  ["transfer-encoding", "transferEncoding"],
  ["host", "host"],
  ["upgrade", "upgrade"],
  ["via", "via"],
  ["max-forwards", "maxForwards"],
  ["idempotency-key", "idempotencyKey"],
  ["cookie", "cookie"],
  ["x-request-id", "requestId"],
  ["cf-ray", "ray"],
  ["cf-connecting-ip", "clientAddress"],
  ["proxy-authenticate", "forbidden"],
  ["proxy-authorization", "forbidden"],
  ["proxy-connection", "forbidden"],
  ["http2-settings", "forbidden"],
  ["expect", "forbidden"],
  ["fairlead-region", "forbidden"],
  ["fairlead-probe", "forbidden"],
  ["fairlead-retry", "forbidden"],
  ["forwarded", "forgeable"],
  ["x-forwarded-for", "forgeable"],
  ["x-forwarded-host", "forgeable"],
  ["x-forwarded-proto", "forgeable"],
  ["x-real-ip", "forgeable"],
  ["true-client-ip", "forgeable"],
];

/**
 * The same by every spelling. CGI and its heirs (WSGI, Rack, PHP) read `X_Forwarded_For` as `X-Forwarded-For`: what is dropped,
 * or written by Fairlead or by Cloudflare alone, is dropped however it is spelt.
 */
const KNOWN: ReadonlyMap<string, Known> = new Map(PROPER.flatMap(spellingsOf));

function spellingsOf([name, known]: readonly [name: string, Known]): [string, Known][] {
  const kind = known === "clientAddress" ? "forbidden" : known;
  const others =
    kind === "forbidden" || kind === "forgeable" ? underscored(name).filter((other) => other !== name) : [];
  return [[name, known], ...others.map((other): [string, Known] => [other, kind])];
}

/** A name with each of its hyphens as it is or as an underscore. */
function underscored(name: string): string[] {
  const hyphen = name.indexOf("-");
  if (hyphen === -1) return [name];
  const rest = underscored(name.slice(hyphen + 1));
  return ["-", "_"].flatMap((joint) => rest.map((ending) => name.slice(0, hyphen) + joint + ending));
}

/** Most requests have none of a kind, and share this one. */
const NONE: readonly string[] = [];

/** Reads a request's fields; the runtime gives their names in lower case. */
export function readFields(headers: Headers): RequestFields {
  const fields: { -readonly [Name in keyof RequestFields]: RequestFields[Name] } = {
    sizeBytes: 0,
    forbidden: NONE,
    forgeable: NONE,
    connection: null,
    contentLength: null,
    transferEncoding: null,
    host: null,
    upgrade: null,
    via: null,
    maxForwards: null,
    idempotencyKey: null,
    cookie: null,
    requestId: null,
    ray: null,
    clientAddress: null,
  };
  // `forEach` hands over two strings where `for`-`of` makes an array and an iterator's result for each field.
  headers.forEach((value, name) => {
    fields.sizeBytes += name.length + value.length + 4; // ": " and the line's end
    const known = KNOWN.get(name);
    if (known === undefined) return;
    if (known === "forbidden" || known === "forgeable") fields[known] = [...fields[known], name];
    else fields[known] = value;
  });
  if (fields.host !== null) fields.host = withoutRootDot(fields.host);
  // What is no address would write fields of its own into `Forwarded`. The edge never says it.
  if (fields.clientAddress !== null && !/^[\da-fA-F:.]+$/.test(fields.clientAddress)) fields.clientAddress = null;
  return fields;
}

/** The fields that `Connection` nominates for this hop, less those that the runtime sees to (RFC 9110 section 7.6.1). */
export function nominatedFields(connection: string | null): readonly string[] {
  if (connection === null || connection === "keep-alive" || connection === "close") return NONE;
  return connection
    .split(",")
    .map((option) => option.trim())
    .filter((name) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name));
}
