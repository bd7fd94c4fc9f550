/** What a hub tells of itself, for metrics and for operators. */
import type { Versions } from "../src/agreement/protocol.ts";

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
  /** Syncs held now. */
  readonly held: number;
  readonly shards: number;
  readonly versions: Versions;
  readonly counters: HubCounters & { readonly releases: number };
  /** What services' isolates counted since the object started, by service and counter. */
  readonly services: Readonly<Record<string, Readonly<Record<string, number>>>>;
}
