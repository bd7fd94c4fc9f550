/**
 * How many isolates one hub serves and at what pace, so that it stays under 500 calls/s whatever their number.
 *
 * With n isolates on a hub: syncs come at n / hold = n/2 a second; releases, each of which ends every held call, come at
 * most once in 4 n ms, which makes 250 calls/s; urgent reports come at most once in 10 n ms from each isolate, which
 * makes 100/s. So 400 isolates are one hub's share, and one more makes a second shard.
 */
import type { HubName, IsolateId } from "./protocol.ts";
import { COALESCE_MS, HOLD_MS, URGENT_MS } from "./timing.ts";
import type { Region } from "../config/region.ts";

export const ISOLATES_PER_HUB = 400;

const RELEASE_MS_PER_ISOLATE = 4;
const URGENT_MS_PER_ISOLATE = 10;

/** Shards are given up when what is left of them would be at most this full. */
const SHRINK_TO = 0.5;

/** How many hubs a region needs. Grows at once, shrinks late, so that isolates do not wander to and fro. */
export function shardsFor(isolates: number, shards: number): number {
  const needed = Math.max(1, Math.ceil(isolates / ISOLATES_PER_HUB));
  if (needed >= shards) return needed;
  return Math.min(shards, Math.max(1, Math.ceil(isolates / (ISOLATES_PER_HUB * SHRINK_TO))));
}

/** The hub an isolate belongs to. Every isolate of a region can work it out. */
export function hubFor(region: Region, isolate: IsolateId, shards: number): HubName {
  return hubName(region, shards > 1 ? hash(isolate) % shards : 0);
}

function hubName(region: Region, shard: number): HubName {
  return shard === 0 ? region : `${region}.${shard}`;
}

export function regionOf(hub: HubName): Region {
  return hub.split(".")[0] as Region;
}

export interface Pace {
  readonly holdMs: number;
  readonly reportMs: number;
  readonly urgentMs: number;
}

/** How often a hub's isolates may call, by their number. */
export function paceFor(isolates: number): Pace {
  return { holdMs: HOLD_MS, reportMs: HOLD_MS, urgentMs: Math.max(URGENT_MS, URGENT_MS_PER_ISOLATE * isolates) };
}

/** How long a change waits before the held calls are released, ms: at once, unless the last release was too recent. */
export function releaseDelayMs(sinceLastMs: number, isolates: number): number {
  return Math.max(COALESCE_MS, RELEASE_MS_PER_ISOLATE * isolates - Math.max(0, sinceLastMs));
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
