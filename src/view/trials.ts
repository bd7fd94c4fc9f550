/**
 * The isolate's side of trials: permits for half-open origins are fetched in the background, used by a later request, and
 * their outcome goes up with the next report. No request ever waits for a permit.
 */
import type { OriginId, Permit, SettledPermit } from "../agreement/protocol.ts";
import { PERMIT_USE_MS } from "../resilience/permits.ts";
import { holdPermit, usePermit, type HeldPermit } from "../resilience/trial-permit.ts";
import type { ServiceState, Standing } from "../steering/availability.ts";
import type { Candidate } from "../steering/candidates.ts";

/** An isolate asks for a permit for the same origin at most this often, ms. */
const ASK_EVERY_MS = 200;

export interface TrialsOptions {
  /** Asks the region's hub. */
  readonly takePermit: (origin: OriginId) => Promise<Permit | null>;
  /** Sends an outcome up, soon. */
  readonly settle: (settled: SettledPermit) => void;
  readonly clock: () => number;
}

/** A request that tries a half-open origin. */
export interface Trial extends Candidate {
  /** The attempt must be over by then, ms from its begin. */
  readonly deadlineMs: number;
  /** Tells how it ended; must be called once, whatever happens. */
  readonly settle: (outcome: SettledPermit["outcome"]) => void;
}

export class Trials {
  readonly #options: TrialsOptions;
  readonly #held = new Map<OriginId, HeldPermit>();
  readonly #askedMs = new Map<OriginId, number>();

  constructor(options: TrialsOptions) {
    this.#options = options;
  }

  /**
   * The trial this request makes, or null. Call only where `service.halfOpen` holds something: it usually does not.
   *
   * @param canMoveOn true if the request can go to another origin should the trial fail: its client then risks nothing.
   *                  One that can't is used only when in half of the permit's time none that can has come
   * @param waitUntil keeps the background task alive that fetches and keeps permits
   */
  begin(service: ServiceState, canMoveOn: boolean, waitUntil: (task: Promise<unknown>) => void): Trial | null {
    for (const standing of service.halfOpen) {
      const { id, breaker } = standing.origin;
      if (breaker !== "half-open") continue; // The list is as old as the last look at who is available.
      const held = this.#held.get(id);
      if (held === undefined) {
        this.#ask(id, waitUntil);
        continue;
      }
      const nowMs = this.#options.clock();
      if (!canMoveOn && nowMs < held.askedMs + held.useWithinMs / 2) continue;
      this.#held.delete(id);
      if (usePermit(held, nowMs)) return this.#trial(standing, held);
      this.#settle(id, held, "ignored");
    }
    return null;
  }

  #trial(standing: Standing, held: HeldPermit): Trial {
    return {
      ...standing,
      share: 1,
      deadlineMs: held.deadlineMs,
      settle: (outcome) => this.#settle(standing.origin.id, held, outcome),
    };
  }

  #ask(origin: OriginId, waitUntil: (task: Promise<unknown>) => void): void {
    const nowMs = this.#options.clock();
    const sinceMs = nowMs - (this.#askedMs.get(origin) ?? -Infinity);
    if (sinceMs >= 0 && sinceMs < ASK_EVERY_MS) return;
    this.#askedMs.set(origin, nowMs);
    waitUntil(this.#keep(origin, nowMs));
  }

  /** Fetches a permit and keeps it for as long as it may be used: by a timer, which a step of the clock does not move. */
  async #keep(origin: OriginId, askedMs: number): Promise<void> {
    let isOver = false;
    // Begun before the permit is asked for, because that is when its time begins.
    const over = new Promise<void>((resolve) => {
      setTimeout(() => {
        isOver = true;
        resolve();
      }, PERMIT_USE_MS);
    });
    try {
      const permit = await this.#options.takePermit(origin);
      if (permit === null) return;
      const held = holdPermit(permit, askedMs, this.#options.clock());
      if (held === null || isOver || this.#held.has(origin)) {
        this.#options.settle({ id: permit.id, origin, outcome: "ignored" });
        return;
      }
      this.#held.set(origin, held);
      await over;
      if (this.#held.get(origin) !== held) return;
      this.#held.delete(origin);
      this.#settle(origin, held, "ignored");
    } catch {
      // The hub is away or the permit got lost: its slot is free again when its time is over.
    }
  }

  #settle(origin: OriginId, { id }: HeldPermit, outcome: SettledPermit["outcome"]): void {
    this.#options.settle({ id, origin, outcome });
  }
}
