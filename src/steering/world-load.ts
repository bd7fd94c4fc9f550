/**
 * What the world asks of one origin, added up from what hubs say, and the share of it that each hub's region keeps.
 *
 * Hubs say it every two seconds while their region sends much, more rarely while it sends little: each says when it will
 * be heard again, and is forgotten after twice that. Nothing here outlives the object that holds it; a book that
 * starts empty is full again after a round of reports.
 */
import { keptShares, type RegionalDemand } from "./capacity.ts";

/** What one hub says of its region's traffic to an origin. */
export interface HubLoad extends RegionalDemand {
  /** Requests a second for the origin: those that came, and those that would have, had their level not been turned away. */
  readonly ratePerSecond: number;
  /** The next report comes within this time, ms. */
  readonly nextWithinMs: number;
}

/** What it is answered. */
export interface WorldLoad {
  /** Requests a second for the origin, from everywhere. */
  readonly ratePerSecond: number;
  /** Share of its requests that the hub's region keeps from now on, in [0.05, 1]. */
  readonly kept: number;
}

interface Entry extends HubLoad {
  readonly atMs: number;
  readonly kept: number;
}

/** By hub. */
export type LoadBook = Map<string, Entry>;

/** Losses closer together than this are alike, ms: or a trembling latency would send the excess from region to region. */
const ALIKE_MS = 10;

/** How far a share goes towards where it should be with each report, so that the noise of counting does not move it. */
const STEP = 0.5;

/** This near to keeping all, all is kept. */
const NEARLY_ALL = 0.98;

const REPORTS_MISSED = 2;

/**
 * A region that sends over half of its even part of the capacity, or that spills, is heard every two seconds; one that
 * sends less cannot matter as much and is heard a tenth as often.
 */
const BUSY_PART = 0.5;
const BUSY_EVERY_MS = 2_000;
const CALM_EVERY_MS = 20_000;

/**
 * How often a hub says what its region sends, ms.
 *
 * @param kept              the share that its region keeps, in [0.05, 1]
 * @param capacityPerSecond what the origin can take, worldwide
 * @param hubs              among which the world's traffic is divided
 */
export function hubLoadEveryMs(demandPerSecond: number, kept: number, capacityPerSecond: number, hubs: number): number {
  const isBusy = kept < 1 || demandPerSecond > (BUSY_PART * capacityPerSecond) / hubs;
  return isBusy ? BUSY_EVERY_MS : CALM_EVERY_MS;
}

/**
 * Takes a hub's word.
 *
 * @param capacityPerSecond what the origin can take, worldwide; undefined: anything
 * @param nowMs             ms since the epoch
 */
export function takeHubLoad(
  book: LoadBook,
  hub: string,
  load: HubLoad,
  capacityPerSecond: number | undefined,
  nowMs: number,
): WorldLoad {
  const before = book.get(hub);
  const lossMs = steadyLossMs(before?.lossMs ?? Number.NaN, load.lossMs);
  const kept = before?.kept ?? 1;
  book.set(hub, { ...load, lossMs, kept, atMs: nowMs });
  forgetSilent(book, nowMs);
  const hubs = [...book.keys()];
  const entries = [...book.values()];
  const ratePerSecond = entries.reduce((sum, entry) => sum + entry.ratePerSecond, 0);
  const target = keptShares(entries, capacityPerSecond ?? Infinity)[hubs.indexOf(hub)]!;
  const moved = kept + (target - kept) * STEP;
  const next = target === 1 && moved >= NEARLY_ALL ? 1 : moved;
  book.set(hub, { ...load, lossMs, kept: next, atMs: nowMs });
  return { ratePerSecond, kept: next };
}

/** Hubs whose clock was set back, or ours, are heard anew soon enough. */
function forgetSilent(book: LoadBook, nowMs: number): void {
  for (const [hub, { atMs, nextWithinMs }] of book)
    if (nowMs < atMs || nowMs - atMs > nextWithinMs * REPORTS_MISSED) book.delete(hub);
}

/** The loss as it was, unless it has moved by more than what counts as alike. */
function steadyLossMs(beforeMs: number, nowMs: number): number {
  if (Math.abs(nowMs - beforeMs) <= ALIKE_MS || nowMs === beforeMs) return beforeMs;
  return Number.isFinite(nowMs) ? Math.round(nowMs / ALIKE_MS) * ALIKE_MS : Infinity;
}
