/** A clock that never runs ahead of real time and never steps: it counts the firings of a timer. */
import { TICK_MS } from "../src/agreement/timing.ts";

export class TickClock {
  #ticks = 0;
  #isRunning = false;
  readonly #onTick: () => boolean;

  /** @param onTick called after every tick; false stops the clock until `run`, so that the object can be evicted */
  constructor(onTick: () => boolean) {
    this.#onTick = onTick;
  }

  /** ms since this object started, less the time the clock was stopped, up to one tick behind. */
  get nowMs(): number {
    return this.#ticks * TICK_MS;
  }

  run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#wait();
  }

  #wait(): void {
    setTimeout(() => {
      this.#ticks++;
      this.#isRunning = this.#onTick();
      if (this.#isRunning) this.#wait();
    }, TICK_MS);
  }
}
