/** Stores ahead of `exact` admissions, so that none is lost and not each costs a row. */

/** Takes further apart than this are stored one by one: nothing is reserved for a key that has gone quiet. */
const BUSY_MS = 1_000;

/** At most this part of the limit is reserved: what an eviction at the worst moment costs in admission. */
const LARGEST_PART = 1 / 64;

export interface WriteAhead {
  /**
   * Counts an admission.
   *
   * @returns how many units to reserve beyond it in the store that must come first; null when an earlier one covers it.
   */
  admit(units: number, limit: number, nowMs: number): number | null;
  /** The book has been stored with so many units reserved. */
  saved(ahead: number, nowMs: number): void;
}

/** The reserve doubles while takes come within a second of each other, and starts from none after that. */
export function writeAhead(): WriteAhead {
  let reserved = 0;
  let unused = 0;
  let savedAtMs = -Infinity;
  return {
    admit(units, limit, nowMs) {
      unused -= units;
      if (unused >= 0) return null;
      if (nowMs - savedAtMs >= BUSY_MS) return 0;
      return Math.min(Math.max(1, reserved * 2), Math.floor(limit * LARGEST_PART));
    },
    saved(ahead, nowMs) {
      reserved = unused = ahead;
      savedAtMs = nowMs;
    },
  };
}
