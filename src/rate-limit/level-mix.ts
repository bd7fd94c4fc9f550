/** How this isolate's requests divide among the priority levels, over the last seconds. */
import type { Priority } from "../config/priorities.ts";
import { PRIORITIES } from "../config/priority-levels.ts";
import type { LevelMix } from "./priority.ts";

/** The time over which they are counted, ms. */
const AVERAGED_MS = 5_000;

export class LevelCounts {
  #counts: number[] = PRIORITIES.map(() => 0);
  #atMs = 0;

  /** Counts a request, whether it comes in or not. */
  note(level: Priority): void {
    this.#counts[PRIORITIES.indexOf(level)]!++;
  }

  /** The parts as they are now; all nothing while nothing was counted. */
  mix(nowMs: number): LevelMix {
    const rest = Math.exp(-Math.max(0, nowMs - this.#atMs) / AVERAGED_MS);
    const all = this.#counts.reduce((sum, count) => sum + count, 0);
    const mix = this.#counts.map((count) => (all === 0 ? 0 : count / all));
    this.#counts = this.#counts.map((count) => count * rest);
    this.#atMs = nowMs;
    return mix;
  }
}
