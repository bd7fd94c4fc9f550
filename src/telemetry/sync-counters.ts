/** What this isolate's sync loops have done since it started; the control plane's debug answer shows them. */

export interface SyncCounters {
  /** Calls to hubs: syncs sent. */
  syncs: number;
  /** Calls to hubs: reports sent ahead of the next sync. */
  urgentReports: number;
  /** Calls that failed or were given up. */
  failures: number;
  /** Of the failures: the hub said that it was overloaded. */
  overloaded: number;
  /** Answers of a hub that may not grant leases. */
  answersWithoutLease: number;
  /** Loops that ended with the request that carried them, without a word. */
  deadLoops: number;
}

export function noSyncs(): SyncCounters {
  return { syncs: 0, urgentReports: 0, failures: 0, overloaded: 0, answersWithoutLease: 0, deadLoops: 0 };
}
