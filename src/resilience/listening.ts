/**
 * Whether a hub has listened for long enough to say that its region has no traffic at an origin, and which regions count
 * when the origin is judged for the world.
 *
 * Reports come every few seconds. A hub that has just started, or whose first isolates have just come, has not heard of
 * traffic that is there; were its silence taken for an answer, one broken path could eject an origin from the planet.
 */
import type { Witness } from "../agreement/protocol.ts";
import type { Region } from "../config/region.ts";

/** An isolate's first report comes within a hold (2 s) of its first call; so long covers one call that got lost, too, ms. */
export const LISTEN_MS = 5_000;

/** After so long without a call nobody is there; who comes then has to be listened to anew, ms. */
const SILENT_MS = 10_000;

/** When the region's isolates were heard, ms since the epoch; `sinceMs` -Infinity: nobody is there, or was. */
export interface Listening {
  sinceMs: number;
  heardMs: number;
}

/** @param hasIsolates whether isolates may be there that had called the hub's instance before this one */
export function newListening(hasIsolates: boolean, nowMs: number): Listening {
  return { sinceMs: hasIsolates ? nowMs : -Infinity, heardMs: hasIsolates ? nowMs : -Infinity };
}

/** An isolate has called. */
export function hear(listening: Listening, nowMs: number): void {
  const sinceMs = nowMs - listening.heardMs;
  if (sinceMs < 0 || sinceMs >= SILENT_MS) listening.sinceMs = nowMs;
  listening.heardMs = nowMs;
}

/** How much longer the hub has to listen, ms; 0: what it has not heard of is not there. */
export function unheardForMs({ sinceMs }: Listening, nowMs: number): number {
  return Math.max(0, Math.min(LISTEN_MS, sinceMs + LISTEN_MS - nowMs));
}

/** What hubs said when they were asked, in terms of regions. */
export interface Quorum {
  /** Regions that have traffic at the origin, or may have some. */
  readonly regions: ReadonlySet<Region>;
  /** After how long, in ms, asking again can make a difference; 0: it can't. */
  readonly askAgainMs: number;
}

/** @param said what each hub said; a region with several hubs is in it several times */
export function quorumOf(said: Iterable<readonly [Region, Witness]>): Quorum {
  const regions = new Set<Region>();
  let askAgainMs = 0;
  for (const [region, { successes, failures, unheardForMs }] of said) {
    const hasTraffic = successes + failures > 0;
    if (hasTraffic || unheardForMs > 0) regions.add(region);
    if (!hasTraffic) askAgainMs = Math.max(askAgainMs, unheardForMs);
  }
  return { regions, askAgainMs };
}
