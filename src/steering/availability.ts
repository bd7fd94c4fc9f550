/**
 * Which origins of a service may take a request: the one question every policy asks, answered once for all of them and
 * kept until something changes.
 *
 * Breakers cannot see each other, so the rules about ejecting too many are applied here: at most `maxEjected` origins
 * count as ejected at once, an isolate's own evidence never takes the last available origin, and when nothing is
 * available the service's panic mode decides.
 */
import type { Maintenance } from "../config/maintenance.ts";
import type { Region } from "../config/region.ts";
import type { ShedConfig } from "../config/rules.ts";
import type { PanicMode } from "../config/service.ts";
import { levelsOf } from "./backups.ts";
import type { Flags, Narrowing } from "./narrow.ts";
import { isAdministrative, isEjection, refusalOf, type OriginState, type Refusal } from "./origin-state.ts";
import type { Member, Picker } from "./policy.ts";

export interface PoolState extends Member {
  readonly region: Region;
  readonly shed: ShedConfig;
  /** The share of its traffic it keeps although origins of it are out, in [0, 1]. Worked out here. */
  share: number;
  readonly origins: readonly OriginState[];
  readonly picker: Picker;
  /** One flag an origin: 1 if it may take a request. */
  readonly eligible: Uint8Array;
}

/** An origin and the pool it stands in. */
export interface Standing {
  readonly pool: PoolState;
  readonly origin: OriginState;
}

export interface ServiceState {
  readonly name: string;
  readonly pools: readonly PoolState[];
  readonly picker: Picker;
  /** One flag a pool: 1 if one of its origins may take a request. */
  readonly eligible: Uint8Array;
  readonly narrowing: Narrowing;
  /** True while a pool or an origin takes only a share of what would be its own. Worked out here. */
  partial: boolean;
  /** How many backups one request may try; 0: the service has none. */
  readonly maxBackups: number;
  /** Who may take a request: primaries, then each backup by itself. Empty where there are no backups. Worked out here. */
  levels: readonly Flags[];
  readonly maxEjected: number;
  readonly panicMode: PanicMode;
  /** True while nothing is available and every origin that no operator took out is used all the same. */
  panicking: boolean;
  /** Origins that wait for trials; usually none. */
  halfOpen: readonly Standing[];
  /** Origins of weight 0 that are well, kept for when nothing else is left; usually none. */
  reserves: readonly Standing[];
  /** What is answered in the place of everything else, by an operator's word; null: nothing is. */
  maintenance: Maintenance | null;
  /** When the flags above have to be worked out again, ms since the epoch. Set to 0 by whoever changes an origin's state. */
  validUntilMs: number;
}

/** Works the flags out again if something changed or the time has come. */
export function refreshAvailability(service: ServiceState, nowMs: number): void {
  if (nowMs < service.validUntilMs) return;
  const refused = mark(service, nowMs);
  if (!service.eligible.includes(1)) for (const { origin } of service.reserves) admit(service, origin);
  const kept = keptInSpite(service, refused, nowMs);
  for (const origin of kept) admit(service, origin);
  service.panicking = !service.eligible.includes(1) && service.panicMode === "fail-open" && panic(service);
  service.partial = false;
  for (const pool of service.pools) if (isPartial(pool, service.narrowing.overprovisioning)) service.partial = true;
  if (service.maxBackups > 0) service.levels = levelsOf(service);
}

/** Works out a pool's share (see `overprovisioning`); true if it or one of its origins takes less than the whole. */
function isPartial(pool: PoolState, overprovisioning: number): boolean {
  let weight = 0;
  let left = 0;
  let partial = pool.shed.percent > 0;
  // Beside primaries a backup weighs nothing: it takes no traffic while they do.
  const hasPrimary = pool.origins.some(({ backup }) => backup === 0);
  pool.origins.forEach((origin, index) => {
    const isEligible = pool.eligible[index] === 1;
    if (isEligible && (origin.admission < 1 || origin.kept < 1)) partial = true;
    if (hasPrimary && origin.backup > 0) return;
    weight += origin.weight;
    if (isEligible) left += origin.weight;
  });
  pool.weight = weight;
  pool.share = weight === 0 ? 1 : Math.min(1, (overprovisioning * left) / weight);
  return partial || (pool.share < 1 && left > 0);
}

/** First pass: every origin on its own. Returns those refused by an ejection. */
function mark(service: ServiceState, nowMs: number): OriginState[] {
  const ejected: OriginState[] = [];
  const halfOpen: Standing[] = [];
  const reserves: Standing[] = [];
  let validUntilMs = Infinity;
  service.pools.forEach((pool, poolIndex) => {
    let any: 0 | 1 = 0;
    pool.origins.forEach((origin, index) => {
      const refusal = refusalOf(origin, nowMs);
      pool.eligible[index] = refusal === null && origin.weight > 0 ? 1 : 0;
      if (refusal === null && origin.weight === 0) reserves.push({ pool, origin });
      if (pool.eligible[index] === 1) any = 1;
      if (refusal === "half-open" && origin.healthy) halfOpen.push({ pool, origin });
      if (isEjection(refusal)) ejected.push(origin);
      if (origin.ejectedUntilMs > nowMs) validUntilMs = Math.min(validUntilMs, origin.ejectedUntilMs);
    });
    service.eligible[poolIndex] = any;
  });
  service.validUntilMs = validUntilMs;
  service.halfOpen = halfOpen;
  service.reserves = reserves;
  return ejected;
}

/** The ejected origins that stay in use: those over the cap, and the last one if only this isolate doubts it. */
function keptInSpite(service: ServiceState, ejected: OriginState[], nowMs: number): OriginState[] {
  if (ejected.length === 0) return ejected;
  const leastDoubtedFirst = ejected.toSorted((a, b) => doubt(a, nowMs) - doubt(b, nowMs));
  const over = Math.max(0, ejected.length - service.maxEjected);
  if (over > 0 || service.eligible.includes(1)) return leastDoubtedFirst.slice(0, over);
  return refusalOf(leastDoubtedFirst[0]!, nowMs) === "ejected here" ? leastDoubtedFirst.slice(0, 1) : [];
}

/** Orders ejected origins by how sure it is that they are bad: what only this isolate saw, trial, open. */
function doubt(origin: OriginState, nowMs: number): number {
  const order: Partial<Record<Refusal, number>> = { "ejected here": 0, "half-open": 1, "breaker open": 2 };
  const untilMs = Math.max(0, origin.ejectedUntilMs - nowMs);
  return (order[refusalOf(origin, nowMs) ?? "ejected here"] ?? 0) + untilMs / (untilMs + 1);
}

function admit(service: ServiceState, origin: OriginState): void {
  service.pools.forEach((pool, poolIndex) => {
    const index = pool.origins.indexOf(origin);
    if (index === -1) return;
    pool.eligible[index] = 1;
    service.eligible[poolIndex] = 1;
  });
}

/** Uses everything that no operator took out. Returns whether there was anything. */
function panic(service: ServiceState): boolean {
  for (const pool of service.pools) {
    for (const origin of pool.origins) if (!isAdministrative(refusalOf(origin, 0))) admit(service, origin);
  }
  return service.eligible.includes(1);
}
