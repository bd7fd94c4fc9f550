/** Whether a failed attempt may be followed by another: guard clauses in order, read from top to bottom. */

/** How an attempt failed. `connection`: fetch threw, and nothing says whether the request had left. */
export type FailureKind = "connection" | "timeout" | "status" | "unreached" | "bad-response";

export interface RetryQuestion {
  readonly method: string;
  readonly failure: FailureKind;
  /** Attempts made so far, this one included. */
  readonly made: number;
  /** Attempts allowed in all. */
  readonly attempts: number;
  /** ms left of the service's `totalMs`. */
  readonly leftMs: number;
  /** True if there is no body or it was kept. */
  readonly replayable: boolean;
  /** True if the request carries `Idempotency-Key` and the service declares that its origins deduplicate by it. */
  readonly deduplicated: boolean;
}

/** Why there is no further attempt. */
export type RetryRefusal = "out of attempts" | "out of time" | "body not kept" | "may have been received";

/** RFC 9110 section 9.2.2. TRACE is idempotent too but never forwarded. */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/**
 * Why a failed attempt must not be followed by another, or null when it may be.
 *
 * A request that may have been received is sent again only if repeating it is harmless (RFC 9110 section 9.2.2).
 * A thrown fetch may have been received; only the platform's own 521, 522, 523, 525, 526 and 530 (`unreached`) prove
 * that the request never left.
 */
export function retryRefusal(question: RetryQuestion): RetryRefusal | null {
  if (question.made >= question.attempts) return "out of attempts";
  if (question.leftMs <= 0) return "out of time";
  if (!question.replayable) return "body not kept";
  if (question.failure === "unreached") return null;
  if (IDEMPOTENT.has(question.method) || question.deduplicated) return null;
  return "may have been received";
}

/** Statuses made by the platform that prove that the origin never saw the request. */
const UNREACHED = new Set([521, 522, 523, 525, 526, 530]);

/** Statuses that count as a failed attempt: a gateway's, and the platform's own 52x. */
export function failureOfStatus(status: number): FailureKind | null {
  if (UNREACHED.has(status)) return "unreached";
  if (status === 502 || status === 503 || status === 504 || (status >= 520 && status <= 530)) return "status";
  return null;
}
