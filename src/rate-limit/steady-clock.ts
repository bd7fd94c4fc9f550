/** A clock that never goes back, made from one that may. */

/** A clock that is behind by more than this was set anew: it is not waited for. */
const WAITED_FOR_MS = 10_000;

/**
 * Stands still while the wall clock is behind the latest it has shown, so that what is timed by it is forgotten late and
 * never early, whether the wall clock stays back or catches up again. A wall clock set back by more than 10 s counts on
 * from where it is: state must not be frozen for as long as a clock was once wrong. A jump ahead can't be told from rest.
 */
export class SteadyClock {
  #latestWallMs: number;
  #steadyMs: number;

  /** @param saved what `save()` gave; a new clock starts at the first reading. */
  constructor(saved: readonly [latestWallMs: number, steadyMs: number] | null = null) {
    this.#latestWallMs = saved?.[0] ?? Number.NaN;
    this.#steadyMs = saved?.[1] ?? Number.NaN;
  }

  /** @param wallMs the wall clock now; anything but a number is taken for no progress. */
  read(wallMs: number): number {
    if (Number.isNaN(this.#steadyMs)) this.#latestWallMs = this.#steadyMs = Number.isFinite(wallMs) ? wallMs : 0;
    else if (wallMs > this.#latestWallMs && Number.isFinite(wallMs)) {
      this.#steadyMs += wallMs - this.#latestWallMs;
      this.#latestWallMs = wallMs;
    } else if (this.#latestWallMs - wallMs > WAITED_FOR_MS) this.#latestWallMs = wallMs;
    return this.#steadyMs;
  }

  save(): readonly [latestWallMs: number, steadyMs: number] {
    return [this.#latestWallMs, this.#steadyMs];
  }
}
