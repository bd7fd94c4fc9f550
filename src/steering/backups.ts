/**
 * Backups: who stands in when no primary is available, in the order written.
 *
 * A primary that ramps up after recovery counts as available to the requests that its share admits; the others stay with
 * the backup, so that traffic returns through the ramp. Nothing else gives a backup traffic while a primary is available:
 * neither shedding, nor capacity, nor a canary.
 */
import { admits } from "../health/ramp.ts";
import type { ServiceState } from "./availability.ts";
import { isWholeFor, scopeOf, type Flags } from "./narrow.ts";
import type { OriginState } from "./origin-state.ts";
import type { Picker, SteerRequest } from "./policy.ts";

/** Origins to choose from. */
export interface Choice extends Flags {
  /** True: those that are over their capacity are in here for the requests alone that are part of what they keep. */
  readonly isByShare?: boolean;
}

/** What a request chooses from before it looks further. */
export interface Stage {
  /** 0: primaries; else the backup's place in the chain, from 1. */
  readonly level: number;
  /** In order of preference. */
  readonly among: readonly Choice[];
}

export interface Stages {
  readonly picker: Picker;
  readonly stages: readonly Stage[];
}

/**
 * An origin's place in the chain, from 1; 0 for a primary.
 *
 * @param backups as configured: names of pools and ids of origins
 */
export function backupPlace(backups: readonly string[], pool: string, origin: string): number {
  return backups.findIndex((name) => name === pool || name === origin) + 1;
}

/** The origins that may take requests, primaries first and then every backup by itself. */
export function levelsOf({ pools }: Pick<ServiceState, "pools">): Flags[] {
  const last = pools.reduce((most, pool) => pool.origins.reduce((max, { backup }) => Math.max(max, backup), most), 0);
  return Array.from({ length: last + 1 }, (_, level) =>
    flagsOf(pools.map((pool) => pool.eligible.map((flag, at) => (pool.origins[at]!.backup === level ? flag : 0)))),
  );
}

/**
 * What a request chooses from, stage after stage; only for a service that has backups.
 *
 * @param triedBackups how many this request has tried
 * @param scope        see `scopeOf`
 */
export function stagesOf(
  service: ServiceState,
  request: SteerRequest,
  triedBackups = 0,
  scope = isWholeFor(service) ? null : scopeOf(service, request),
): Stages {
  const levels = triedBackups < service.maxBackups ? service.levels : service.levels.slice(0, 1);
  if (scope === null) {
    return { picker: service.picker, stages: levels.map((flags, level) => ({ level, among: [flags] })) };
  }
  const { picker, required, preferred } = scope;
  const takes = (origin: OriginState) => service.panicking || admits(origin.id, request.requestId, origin.admission);
  const admitting = service.pools.map(({ origins }) => Uint8Array.from(origins, (origin) => (takes(origin) ? 1 : 0)));
  const admitted = both(required, flagsOf(admitting));
  const stages = levels.map((flags, level) => ({
    level,
    among:
      level === 0 ? [{ ...both(preferred, flags), isByShare: true }, both(admitted, flags)] : [both(admitted, flags)],
  }));
  const beyondTheirShare = levels.map((flags, level) => ({ level, among: [both(required, flags)] }));
  // In here only while nothing that weighs anything is left inside the request's fences.
  const reserves = service.pools.map(({ origins }) =>
    Uint8Array.from(origins, ({ weight, backup }) => (weight === 0 && backup === 0 ? 1 : 0)),
  );
  const atLast = { level: 0, among: [both(required, flagsOf(reserves))] };
  return { picker, stages: [...stages, ...beyondTheirShare, atLast] };
}

/** Flags of origins, and of the pools that have one. */
function flagsOf(origins: Uint8Array[]): Flags {
  return { pools: Uint8Array.from(origins, (flags) => (flags.includes(1) ? 1 : 0)), origins };
}

function both(a: Flags, b: Flags): Flags {
  const { pools, origins } = flagsOf(
    a.origins.map((flags, pool) => flags.map((flag, at) => flag & b.origins[pool]![at]!)),
  );
  // A rule leaves pools out without a look at their origins.
  return { pools: pools.map((flag, pool) => flag & a.pools[pool]! & b.pools[pool]!), origins };
}
