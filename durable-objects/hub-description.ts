/** What a hub tells of itself, for metrics and for operators. */
import type { OriginId, OriginReading, Versions } from "../src/agreement/protocol.ts";
import type { Performance } from "../src/agreement/roll-ups.ts";
import type { TrafficCounts } from "../src/agreement/traffic-counts.ts";
import type { FailoverLog } from "../src/steering/serving.ts";

/** Counted since the object started. */
export interface HubCounters {
  syncs: number;
  reports: number;
  contacts: number;
  contactFailures: number;
  answersWithoutLease: number;
  /** Calls to breakers. */
  breakerCalls: number;
  /** Rows written to storage; setting an alarm is one. */
  rowsWritten: number;
}

export function noHubCalls(): HubCounters {
  return {
    syncs: 0,
    reports: 0,
    contacts: 0,
    contactFailures: 0,
    answersWithoutLease: 0,
    breakerCalls: 0,
    rowsWritten: 0,
  };
}

export interface HubDescription {
  readonly hub: string;
  readonly instance: string;
  /** Isolates that hold a lease. */
  readonly isolates: number;
  /** How long ago the isolate with the oldest view under a lease synced, ms; 0: nobody holds a lease. */
  readonly oldestViewMs: number;
  /** Syncs held now. */
  readonly held: number;
  readonly shards: number;
  readonly versions: Versions;
  readonly counters: HubCounters & { readonly releases: number };
  /** What services' isolates counted since the object started, by service and counter. */
  readonly services: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What a hub tells of its region's traffic and origins. */
export interface HubStatistics {
  readonly description: HubDescription;
  /** How long ago it started, or was told to forget, ms. */
  readonly spanMs: number;
  readonly totals: TrafficCounts;
  /** The last five minutes. */
  readonly recent: TrafficCounts;
  /** What its isolates are told of every origin. */
  readonly readings: readonly (readonly [OriginId, OriginReading])[];
}

/** What the control plane asks of a hub. None of it is on a request's path. */
export interface HubForApi {
  statistics(): Promise<HubStatistics>;
  /** @param service only this one; null: all */
  performance(windowMinutes: number, service: string | null): Promise<Performance>;
  /** Who serves each service in its region, and when that changed. */
  failovers(): Promise<FailoverLog>;
  /** Forgets what it has counted. */
  forgetStatistics(): Promise<void>;
  /** Has the ControlPlane's word anew. @returns whether it answered; a hub nobody has a lease from has nothing to renew */
  reload(): Promise<boolean>;
}
