/**
 * The names under which services count in `ServiceReport.counters`. Hubs add them up as they are; `/metrics` and
 * `/api/v1/cache/stats` read them by these names.
 */

/** What became of sessions, wherever they are kept. */
export type SessionEvent =
  /** One began. */
  | "created"
  /** One is at home elsewhere from now on. */
  | "moved";

export const SESSION_COUNTERS: Readonly<Record<SessionEvent, string>> = {
  created: "sessions.created",
  moved: "sessions.moved",
};

/** What became of a request that a cache rule is for (rules of mode `bypass` count nothing). */
export type CacheEvent =
  /** Answered from the store, fresh; conditional and range requests too. */
  | "hit"
  /** Answered from the store past its time, without waiting for the origin: it is refreshed, or the client allows it. */
  | "stale"
  /** Answered from the store past its time because the origin failed. */
  | "stale-if-error"
  /** Answered from another request's fetch. */
  | "collapsed"
  /** Answered from the store after the origin had confirmed it. */
  | "validated"
  /** Answered by the origin, or by an error of ours: there was nothing in the store to answer with. */
  | "miss";

export const CACHE_COUNTERS: Readonly<Record<CacheEvent, string>> = {
  hit: "cache.hit",
  stale: "cache.stale",
  "stale-if-error": "cache.stale-if-error",
  collapsed: "cache.collapsed",
  validated: "cache.validated",
  miss: "cache.miss",
};

/** Attempts at backups, while no primary was available; those that did not fail answered their request. */
export const FAILOVER_COUNTERS = {
  attempt: "failover.attempt",
  /** Of the attempts: what the breaker counts as a failure. */
  failure: "failover.failure",
} as const;
