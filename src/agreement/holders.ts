/**
 * Who may hold a lease, as the one who grants them sees it: until receipt of the call + the length of the lease, whether
 * the call was answered or not.
 *
 * Times here come from a slow clock: the number of times a timer of `TICK_MS` has fired, which never steps and never
 * runs ahead of real time. A wall clock that jumped forward would declare leases over that still hold. A moment lies up
 * to one tick after what the slow clock says, so one tick is added to every term.
 */
import type { LoggedSection, LoggedVersions } from "./protocol.ts";
import { TICK_MS } from "./timing.ts";

export interface Holder {
  /** On the slow clock, ms. */
  untilMs: number;
  /** The highest versions the holder has come back with. */
  have: LoggedVersions;
}

export type Holders = Map<string, Holder>;

/** The moment on the slow clock by which `termMs` of real time have certainly passed. */
export function afterTerm(slowMs: number, termMs: number): number {
  return slowMs + termMs + TICK_MS;
}

const NOTHING: LoggedVersions = { overrides: 0, purges: 0, flags: 0, sessions: 0 };

/**
 * Notes a call that may be answered with a lease. Calls may come late or twice: neither the time nor a version goes back.
 *
 * @param nowMs on the slow clock, at receipt
 */
export function noteHolder(
  holders: Holders,
  id: string,
  have: LoggedVersions | null,
  leaseMs: number,
  nowMs: number,
): void {
  const untilMs = afterTerm(nowMs, leaseMs);
  const before = holders.get(id);
  const came = have ?? NOTHING;
  if (before === undefined) {
    holders.set(id, { untilMs, have: came });
    return;
  }
  before.untilMs = Math.max(before.untilMs, untilMs);
  before.have = {
    overrides: Math.max(before.have.overrides, came.overrides),
    purges: Math.max(before.have.purges, came.purges),
    flags: Math.max(before.have.flags, came.flags),
    sessions: Math.max(before.have.sessions, came.sessions),
  };
}

/** How long ago the holder that has been silent longest called, ms; 0: there is none. */
export function longestSilenceMs(holders: Holders, leaseMs: number, nowMs: number): number {
  let longestMs = 0;
  for (const { untilMs } of holders.values()) longestMs = Math.max(longestMs, afterTerm(nowMs, leaseMs) - untilMs);
  return longestMs;
}

/** Lets go of those whose lease has run out. */
export function dropExpired(holders: Holders, nowMs: number): void {
  // Looked at by every change while its holders come back: `forEach` makes no pair for each of them.
  holders.forEach(({ untilMs }, id) => {
    if (untilMs <= nowMs) holders.delete(id);
  });
}

/** How long, in ms, until every lease held without this version has run out; 0: there is none. */
export function behindForMs(holders: Holders, section: LoggedSection, version: number, nowMs: number): number {
  let untilMs = nowMs;
  for (const holder of holders.values()) {
    if (holder.have[section] < version) untilMs = Math.max(untilMs, holder.untilMs);
  }
  return untilMs - nowMs;
}
