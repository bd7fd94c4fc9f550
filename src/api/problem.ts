/** Errors of the control plane as problem+json (RFC 9457): each names what is wrong and where. */

/** One wrong field or parameter. */
export interface FieldError {
  /** JSON pointer into the body, as a URI fragment: `#/pools/0/url`. */
  readonly pointer?: string;
  /** Name of the path, query or header parameter. */
  readonly parameter?: string;
  /** ``Expected `weight` to be a number >= 0, got -1``. */
  readonly detail: string;
}

/** What went wrong, by kind; the kind names the problem's type. */
const KINDS = {
  "bad-request": [400, "Bad request"],
  "not-valid": [400, "Not valid"],
  unauthenticated: [401, "Who is asking?"],
  forbidden: [403, "Not allowed"],
  "cross-site": [403, "Cross-site request refused"],
  "not-found": [404, "Not found"],
  "method-not-allowed": [405, "Method not allowed"],
  conflict: [409, "Conflict"],
  "needs-force": [409, "This would leave a service without origins"],
  superseded: [412, "Changed in the meantime"],
  "too-large": [413, "Content too large"],
  "unsupported-media-type": [415, "Unsupported media type"],
  "key-reused": [422, "Idempotency key reused"],
  "locked-out": [429, "Too many failed attempts"],
  internal: [500, "Internal error"],
  "not-configured": [503, "Not configured"],
  unavailable: [503, "Unavailable"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemKind = keyof typeof KINDS;

export interface ProblemExtras {
  readonly errors?: readonly FieldError[];
  /** Further members of the problem, named as they are sent. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown anywhere in the control plane; becomes the answer. */
export class ApiProblem extends Error {
  readonly kind: ProblemKind;
  readonly extras: ProblemExtras;

  constructor(kind: ProblemKind, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.name = "ApiProblem";
    this.kind = kind;
    this.extras = extras;
  }

  get status(): number {
    return KINDS[this.kind][0];
  }
}

/** The answer that tells a problem. */
export function problemResponse(problem: ApiProblem, requestId: string): Response {
  const [status, title] = KINDS[problem.kind];
  const { errors, members, headers } = problem.extras;
  const body = {
    type: `https://fairlead.dev/problems/${problem.kind}`,
    title,
    status,
    detail: problem.message,
    ...(errors === undefined ? {} : { errors }),
    ...members,
    requestId,
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}
