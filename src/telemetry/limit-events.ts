/** Counts what rate limits did in this isolate, by service, limit and event, for metrics and reports. */

export type LimitEvent =
  | "admitted"
  | "refused"
  | "dry-run-refused"
  /** The limiter did not answer in time; `onError` let the request in, or not. */
  | "unanswered-allowed"
  | "unanswered-denied"
  /** Turned away because of its level; the limit is then "priority:<level>". */
  | "shed";

/** Counts since the isolate started. Key: service, limit and event, separated by a space: ids have none. */
const counts = new Map<string, number>();

/** Counts one event. */
export function countLimitEvent(service: string, limit: string, event: LimitEvent): void {
  const key = `${service} ${limit} ${event}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export interface LimitEventCount {
  readonly service: string;
  readonly limit: string;
  readonly event: LimitEvent;
  readonly count: number;
}

/** All counts, for whoever reports them. */
export function limitEventCounts(): LimitEventCount[] {
  return [...counts].map(([key, count]) => {
    const [service = "", limit = "", event] = key.split(" ");
    return { service, limit, event: event as LimitEvent, count };
  });
}
