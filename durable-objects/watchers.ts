/** Those who wait for something to happen, each to look again for themselves whether it was what they waited for. */

export class Watchers {
  readonly #waiting = new Set<() => void>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Until the next `lookAgain`. */
  wait(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.add(resolve));
  }

  lookAgain(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const look of waiting) look();
  }
}
