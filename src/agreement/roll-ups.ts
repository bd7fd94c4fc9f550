/** A hub's last hour, minute by minute, in memory. */
import type { LatencyCounts } from "./latency-counts.ts";
import type { Report, ServiceName } from "./protocol.ts";
import { addCounts, allAnswers, countReport, noCounts, type TrafficCounts } from "./traffic-counts.ts";

/** Minutes that are kept. */
export const KEPT_MINUTES = 60;
const MINUTE_MS = 60_000;

interface RollUp {
  /** Minutes since the epoch. */
  readonly minute: number;
  readonly counts: TrafficCounts;
}

export interface RollUps {
  /** Oldest first; minutes without traffic have none. */
  minutes: RollUp[];
  /** Since the hub started, or since it was told to forget. */
  totals: TrafficCounts;
  /** ms since the epoch. */
  sinceMs: number;
}

/** One service in one minute. */
export interface ServiceMinute {
  readonly requests: number;
  readonly errors: number;
  readonly attempts: number;
  readonly retries: number;
  readonly latency: LatencyCounts;
}

export interface PerformanceMinute {
  /** Minutes since the epoch, by the hub's clock. */
  readonly minute: number;
  readonly services: Map<ServiceName, ServiceMinute>;
}

export interface Performance {
  /** The whole window together. */
  readonly counts: TrafficCounts;
  /** Oldest first; the newest is not over yet. */
  readonly minutes: readonly PerformanceMinute[];
}

export function noRollUps(nowMs: number): RollUps {
  return { minutes: [], totals: noCounts(), sinceMs: nowMs };
}

/** Adds a report to its minute and to the totals. A clock that steps back goes on in the newest minute. */
export function rollUp(rollUps: RollUps, report: Report, nowMs: number): void {
  const newest = rollUps.minutes.at(-1);
  const minute = Math.max(Math.floor(nowMs / MINUTE_MS), newest?.minute ?? 0);
  let current = newest;
  if (current?.minute !== minute) {
    current = { minute, counts: noCounts() };
    rollUps.minutes = [...rollUps.minutes, current].filter((each) => each.minute > minute - KEPT_MINUTES);
  }
  countReport(current.counts, report);
  countReport(rollUps.totals, report);
}

/**
 * The last minutes, the one that runs included.
 *
 * @param windowMinutes 1 to 60
 * @param service       only this one; null: all
 */
export function performanceOf(
  rollUps: RollUps,
  windowMinutes: number,
  service: ServiceName | null,
  nowMs: number,
): Performance {
  const from = Math.floor(nowMs / MINUTE_MS) - windowMinutes;
  const window = rollUps.minutes.filter(({ minute }) => minute > from);
  const counts = noCounts();
  const minutes = window.map((rolled) => {
    addCounts(counts, service === null ? rolled.counts : only(rolled.counts, service));
    const named = [...rolled.counts.services].filter(([name]) => service === null || name === service);
    return {
      minute: rolled.minute,
      services: new Map(
        named.map(([name, { requests, errors, attempts, retries, answers }]) => [
          name,
          { requests, errors, attempts, retries, latency: allAnswers({ answers }) },
        ]),
      ),
    };
  });
  return { counts, minutes };
}

/** Origins are of one service each, but which is for the configuration to say: they stay. */
function only({ services, origins }: TrafficCounts, name: ServiceName): TrafficCounts {
  const service = services.get(name);
  return { services: new Map(service === undefined ? [] : [[name, service]]), origins };
}
