/** What an isolate decides about an origin on its own evidence, before the world has agreed. */
import type { BreakerConfig } from "../config/breaker.ts";
import { statusMatcher } from "../config/status-matcher.ts";
import type { FailureKind } from "./retry.ts";

/** How long an isolate keeps away from an origin on its own evidence, ms. The agreed breaker takes over from there. */
export const EJECTION_MS = 1_000;

/** What came of an attempt: the status that came, or why none did. */
export type AttemptResult = number | FailureKind;

/** A breaker's configuration as the request path needs it: no field is interpreted per request. */
export interface LocalBreaker {
  /** Whether the result counts as a failure of the origin, as configured. */
  readonly countsAsFailure: (result: AttemptResult) => boolean;
  /** Failures in a row after which the origin is ejected here; Infinity: never. */
  readonly threshold: number;
  /** Answers later than this are slow, ms; Infinity where nobody asked. */
  readonly slowMs: number;
}

/** Prepares a pool's breaker for the request path, once an isolate. */
export function localBreaker({
  enabled,
  consecutiveFailures,
  failures,
  slowMs = Infinity,
}: BreakerConfig): LocalBreaker {
  const isFailingStatus = statusMatcher(failures.statuses);
  return {
    countsAsFailure: (result) => {
      if (typeof result === "number") return isFailingStatus(result);
      return result === "timeout" ? failures.timeouts : failures.resets;
    },
    threshold: enabled ? consecutiveFailures : Infinity,
    slowMs,
  };
}

/**
 * Whether a failure ejects the origin here at once. A thrown attempt does, since the origin could not be reached; a
 * status or a timeout may be about one request, so it takes a run of them.
 *
 * @param run failures in a row, this one included
 */
export function ejectsHere({ threshold }: LocalBreaker, result: AttemptResult, run: number): boolean {
  return threshold !== Infinity && (result === "connection" || result === "unreached" || run >= threshold);
}
