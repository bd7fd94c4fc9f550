/** The time an isolate judges its leases by. */

/** A clock below the largest value seen ends every lease: the epoch moves, and what was held before it is void. */
export class IsolateClock {
  #nowMs = -Infinity;
  #epoch = 0;

  /** @param wallMs the wall clock; look at it once a request, however little the request needs it. */
  look(wallMs: number): void {
    if (wallMs < this.#nowMs) this.#epoch += 1;
    this.#nowMs = wallMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get epoch(): number {
    return this.#epoch;
  }
}
