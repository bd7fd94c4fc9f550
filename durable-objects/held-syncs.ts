/** The syncs a hub holds: let go one by one when their hold ends, or together when something changes. */
import type { Versions } from "../src/agreement/protocol.ts";
import { releaseDelayMs } from "../src/agreement/sharding.ts";

interface HeldSync {
  readonly have: Versions | null;
  readonly letGo: () => void;
}

export class HeldSyncs {
  /** Releases since the object started. */
  releases = 0;
  readonly #held = new Set<HeldSync>();
  readonly #lacks: (have: Versions | null) => boolean;
  #isReleasing = false;
  #releasedMs = -Infinity;

  /** @param lacks whether a caller lacks something that must not wait */
  constructor(lacks: (have: Versions | null) => boolean) {
    this.#lacks = lacks;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Returns when the sync is let go, after `holdMs` at most. */
  async hold(have: Versions | null, holdMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const held: HeldSync = { have, letGo: resolve };
    this.#held.add(held);
    const timer = setTimeout(resolve, holdMs);
    await promise;
    clearTimeout(timer);
    this.#held.delete(held);
  }

  /** Lets go of all that lack something; what changes within moments is released together. */
  releaseSoon(): void {
    if (this.#isReleasing) return;
    this.#isReleasing = true;
    setTimeout(
      () => {
        this.#isReleasing = false;
        this.#releasedMs = Date.now();
        this.releases++;
        for (const { have, letGo } of this.#held) if (this.#lacks(have)) letGo();
      },
      releaseDelayMs(Date.now() - this.#releasedMs, this.#held.size),
    );
  }
}
