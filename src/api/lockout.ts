/**
 * Slows down whoever keeps failing to authenticate: after a few free failures an address has to wait, longer each time.
 *
 * Counted in this isolate's memory. Tokens are 256 random bits, so this is not what keeps them from being guessed; it
 * keeps a misconfigured client or a scanner from being answered (and logged) thousands of times a minute.
 */

/** Failures that cost nothing: a mistyped token or an old one. */
const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** Failures older than this are forgotten. */
const MEMORY_MS = 60 * 60_000;
/** Addresses remembered; the one that failed longest ago makes room. */
const MAX_ADDRESSES = 10_000;

interface Record {
  failures: number;
  lastAtMs: number;
}

export class Lockout {
  readonly #byAddress = new Map<string, Record>();

  /**
   * How long this address still has to wait, ms; 0: it may try.
   *
   * @param nowMs ms since the epoch
   */
  waitMs(address: string, nowMs: number): number {
    const record = this.#byAddress.get(address);
    if (record === undefined || record.failures < FREE_FAILURES) return 0;
    const doublings = record.failures - FREE_FAILURES;
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** doublings);
    return Math.max(0, record.lastAtMs + waitMs - nowMs);
  }

  /** Notes a failed attempt. */
  failed(address: string, nowMs: number): void {
    const before = this.#byAddress.get(address);
    const remembered = before !== undefined && nowMs - before.lastAtMs < MEMORY_MS ? before.failures : 0;
    this.#byAddress.delete(address);
    if (this.#byAddress.size >= MAX_ADDRESSES) this.#byAddress.delete(this.#byAddress.keys().next().value!);
    this.#byAddress.set(address, { failures: remembered + 1, lastAtMs: nowMs });
  }

  /** Notes that somebody there is who they say: failures before are forgiven. */
  succeeded(address: string): void {
    this.#byAddress.delete(address);
  }
}
