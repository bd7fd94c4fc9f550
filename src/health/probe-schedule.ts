/** Which origins a hub probes now, and when it looks again. */
import type { MonitorConfig } from "../config/monitor.ts";

/** What the hub knows of an origin that may need a probe. Times are ms since the epoch, 0 for never. */
export interface ProbeSubject {
  readonly origin: string;
  readonly monitor: Pick<MonitorConfig, "mode" | "intervalSeconds">;
  /** When the last probe began. */
  readonly probedMs: number;
  /** When the region's traffic last had an answer from it. */
  readonly measuredMs: number;
  /** Down or ejected: its traffic, if there is any, says nothing. */
  readonly out: boolean;
}

/** A region without a sync for so long has no isolates left: nobody needs to know. */
export const QUIET_AFTER_MS = 5 * 60_000;

/** A round never gathers more than this, so that it ends before the next alarm is due. */
const PROBES_A_ROUND = 60;

/** Intervals get up to this share longer at random, so that regions do not probe in step. */
const JITTER = 0.2;

/** A probe this close to being due is taken along: one alarm is one row written, however many probes it starts. */
const TAKEN_ALONG = 0.25;

export interface ProbePlan {
  /** Origins to probe now, the longest overdue first. */
  readonly due: readonly string[];
  /** When to look again, ms since the epoch; null: not before the region syncs again. */
  readonly nextMs: number | null;
}

/**
 * @param lastSyncMs when an isolate of the region last synced, ms since the epoch
 * @param random     uniform in [0, 1)
 */
export function planProbes(
  subjects: readonly ProbeSubject[],
  lastSyncMs: number,
  nowMs: number,
  random: () => number,
): ProbePlan {
  const quiet = nowMs - lastSyncMs >= QUIET_AFTER_MS;
  const watched = subjects.filter(({ monitor }) => monitor.mode === "active" || (monitor.mode !== "passive" && !quiet));
  if (watched.length === 0) return { due: [], nextMs: null };
  const due = watched
    .filter((subject) => needsProbe(subject, nowMs))
    .toSorted((a, b) => waitedMs(b, nowMs) - waitedMs(a, nowMs))
    .slice(0, PROBES_A_ROUND)
    .map(({ origin }) => origin);
  const shortestMs = Math.min(...watched.map(({ monitor }) => monitor.intervalSeconds * 1000));
  return { due, nextMs: nowMs + shortestMs * (1 + JITTER * random()) };
}

function needsProbe(subject: ProbeSubject, nowMs: number): boolean {
  const enoughMs = subject.monitor.intervalSeconds * 1000 * (1 - TAKEN_ALONG);
  if (waitedMs(subject, nowMs) < enoughMs) return false;
  const sinceMeasuredMs = nowMs - subject.measuredMs;
  const measured = sinceMeasuredMs >= 0 && sinceMeasuredMs < subject.monitor.intervalSeconds * 1000;
  return subject.monitor.mode === "active" || subject.out || !measured;
}

/** A probe that lies ahead of the clock was made before it was set back: how long ago is not known, so it is due. */
function waitedMs(subject: ProbeSubject, nowMs: number): number {
  const waitedMs = nowMs - subject.probedMs;
  return waitedMs < 0 ? Infinity : waitedMs;
}
