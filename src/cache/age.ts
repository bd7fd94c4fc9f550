/** How old a stored response is (RFC 9111 section 4.2.3). */
import { MAX_DELTA_SECONDS } from "./cache-control.ts";

/**
 * Reads `Age`: of a list the first member counts, and what is not a non-negative integer is ignored (RFC 9111
 * section 5.1). Parameters, which the field does not have, are skipped: read as it is meant, a response is older, and
 * too old is the safe side.
 *
 * @returns seconds; 0 when absent or invalid
 */
export function parseAge(value: string | null): number {
  const digits = /^[ \t]*(\d+)[ \t]*(?:$|[,;])/.exec(value ?? "")?.[1];
  return digits === undefined ? 0 : Math.min(Number(digits), MAX_DELTA_SECONDS);
}

/** When an exchange with the origin began and when its response head arrived, in ms since the epoch. */
export interface ExchangeTimes {
  readonly requestMs: number;
  readonly responseMs: number;
}

/**
 * The age a response had on arrival: the larger of what `Date` suggests and what `Age` says plus the trip.
 *
 * @param dateMs the response's `Date`, null when absent or invalid
 * @returns milliseconds
 */
export function initialAgeMs(ageField: string | null, dateMs: number | null, times: ExchangeTimes): number {
  const apparentMs = dateMs === null ? 0 : Math.max(0, times.responseMs - dateMs);
  const delayMs = Math.max(0, times.responseMs - times.requestMs);
  // `Date` counts whole seconds, so under a second of apparent age says nothing.
  return Math.max(apparentMs < 1000 ? 0 : apparentMs, parseAge(ageField) * 1000 + delayMs);
}
