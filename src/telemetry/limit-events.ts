/**
 * What rate limits did, as names of counters of their service. Isolates report them (`ServiceReport.counters`), hubs add
 * them up for their region, and whoever shows them adds up the hubs.
 *
 * | counter                         | counts requests that                                                              |
 * |---------------------------------|-----------------------------------------------------------------------------------|
 * | `limit.NAME.admitted`           | the limit NAME let in                                                             |
 * | `limit.NAME.refused`            | it turned away                                                                    |
 * | `limit.NAME.dry-run-refused`    | it would have turned away, were it not a dry run                                  |
 * | `limit.NAME.unanswered-allowed` | came in because its limiter did not answer in time and `onError` is `allow`       |
 * | `limit.NAME.unanswered-denied`  | were turned away because it did not and `onError` is `deny`                       |
 * | `priority.LEVEL.shed`           | were turned away because of their level                                           |
 *
 * A request that one limit refuses counts as admitted with the others that would have let it in.
 */
import type { Priority } from "../config/priorities.ts";

export const LIMIT_EVENTS = [
  "admitted",
  "refused",
  "dry-run-refused",
  "unanswered-allowed",
  "unanswered-denied",
] as const;

export type LimitEvent = (typeof LIMIT_EVENTS)[number];

/** The names of a limit's counters, made once: a request should not have to. */
export function limitCounters(limit: string): Readonly<Record<LimitEvent, string>> {
  const names = LIMIT_EVENTS.map((event) => [event, `limit.${limit}.${event}`]);
  return Object.fromEntries(names) as Record<LimitEvent, string>;
}

/** The name of the counter of requests turned away because of their level. */
export function shedCounter(level: Priority): string {
  return `priority.${level}.shed`;
}
