/** Whether a failed attempt may be followed by another: guard clauses in order, read from top to bottom. */
import type { RetryRule } from "../config/retry.ts";

/** How an attempt failed. `connection`: fetch threw, and nothing says whether the request had left. */
export type FailureKind = "connection" | "timeout" | "status" | "unreached" | "bad-response";

export interface RetryQuestion {
  readonly method: string;
  readonly failure: FailureKind;
  /** The status that came; null when none did. */
  readonly status: number | null;
  /** Attempts made so far, this one included. */
  readonly made: number;
  /** ms left of the service's `totalMs`. */
  readonly leftMs: number;
  /** True if there is no body or it was kept. */
  readonly replayable: boolean;
  /** True if the request carries `Idempotency-Key` and the service declares that its origins deduplicate by it. */
  readonly deduplicated: boolean;
}

/** Why there is no further attempt. */
export type RetryRefusal =
  | "out of attempts"
  | "out of time"
  | "not what is retried"
  | "body not kept"
  | "may have been received";

/**
 * Why a failed attempt must not be followed by another, or null when it may be.
 *
 * A request that may have been received is sent again only if repeating it is harmless (RFC 9110 section 9.2.2).
 * A thrown fetch may have been received; only the platform's own 521, 522, 523, 525, 526 and 530 (`unreached`) prove
 * that the request never left.
 */
export function retryRefusal(rule: RetryRule, question: RetryQuestion): RetryRefusal | null {
  if (question.made >= rule.attempts) return "out of attempts";
  if (question.leftMs <= 0) return "out of time";
  if (!isRetried(rule, question)) return "not what is retried";
  if (!question.replayable) return "body not kept";
  if (question.failure === "unreached") return null;
  if (isHarmless(rule, question)) return null;
  return "may have been received";
}

/** Whether a request may reach two origins at once or one twice: what a hedge asks too. */
export function isHarmless(rule: RetryRule, question: Pick<RetryQuestion, "method" | "deduplicated">): boolean {
  return rule.methods.some((method) => method === question.method) || question.deduplicated;
}

function isRetried({ on }: RetryRule, { failure, status }: RetryQuestion): boolean {
  return on.some((word) => word === (status ?? failure));
}

/** Statuses made by the platform that prove that the origin never saw the request. */
const UNREACHED = new Set([521, 522, 523, 525, 526, 530]);

/** Statuses that count as a failed attempt: a gateway's, and the platform's own 52x. */
export function failureOfStatus(status: number): FailureKind | null {
  if (UNREACHED.has(status)) return "unreached";
  if (status === 502 || status === 503 || status === 504 || (status >= 520 && status <= 530)) return "status";
  return null;
}

/**
 * How long an origin asks to be left alone (RFC 9110 section 10.2.3), in ms; 0 when it does not say.
 *
 * @param field the value of `Retry-After`: seconds or a date
 * @param nowMs ms since the epoch
 */
export function retryAfterMs(field: string | null, nowMs: number): number {
  if (field === null) return 0;
  if (/^\d+$/.test(field)) return Number(field) * 1000;
  const atMs = Date.parse(field);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
}

/**
 * The attempts a client asks for with `Fairlead-Retry: attempts=1`; never more than configured.
 *
 * @returns `configured` where the field is absent or says nothing that can be read
 */
export function attemptsAsked(field: string | null, configured: number): number {
  const asked = /(?:^|[;,\s])attempts=(\d{1,3})(?:$|[;,\s])/.exec(field ?? "")?.[1];
  return asked === undefined ? configured : Math.max(1, Math.min(configured, Number(asked)));
}
