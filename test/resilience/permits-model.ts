/**
 * A randomised model of trial permits on a network and on machines that misbehave, with the real pure rules inside.
 *
 * Isolates ask for permits in the background, use them on later requests and tell the outcomes; the breaker's owner grants
 * and settles. Messages are lost, late and duplicated; owner and isolates restart; clocks are stepped. Time itself is the
 * model's own, so that it knows what is really in flight.
 */
import { breakerSchema, rampSchema } from "../../src/config/breaker.ts";
import { REGIONS, type Region } from "../../src/config/region.ts";
import {
  advanceAgreement,
  FRESH_AGREEMENT,
  judgeWorld,
  recordRegion,
  settleTrial,
  takePermit,
  type OriginAgreement,
} from "../../src/resilience/origin-agreement.ts";
import { heldMs, PERMIT_USE_MS, type Grant } from "../../src/resilience/permits.ts";
import { holdPermit, usePermit, type HeldPermit } from "../../src/resilience/trial-permit.ts";
import { seeded } from "../support/seeded.ts";

export interface PermitsModelOptions {
  readonly seed: number;
  readonly isolates: number;
  /** Model time to run, ms. */
  readonly durationMs: number;
  readonly trialPermits: number;
  /** `reissue-at-expiry` frees a slot when the permit may no longer be *begun*: the rule that must fail here. */
  readonly rule: "held-through-deadline" | "reissue-at-expiry";
}

export interface PermitsModelResult {
  readonly mostInFlight: number;
  readonly trials: number;
  /** What happened, so that a run in which nothing did can be told. */
  readonly lost: number;
  readonly duplicated: number;
  readonly late: number;
  readonly restarts: number;
  readonly clockSteps: number;
  readonly openings: number;
}

/** Longer than what a slot is held on top, so that forgetting it shows. */
const ATTEMPT_MS = 12_000;
const FAULT = { lost: 0.15, duplicated: 0.15, late: 0.2 };

interface Isolate {
  readonly region: Region;
  clockOffsetMs: number;
  held: HeldPermit[];
  readonly seen: Set<string>;
  /** Grows at a restart: what was sent to the one before reaches nobody. */
  life: number;
  asking: boolean;
}

/** Runs the model; the same options give the same result. */
export function runPermitsModel(options: PermitsModelOptions): PermitsModelResult {
  const random = seeded(options.seed);
  const rules = {
    breaker: breakerSchema.parse({
      trialPermits: options.trialPermits,
      successThreshold: 4,
      openSeconds: 1,
      maxOpenSeconds: 2,
    }),
    ramp: rampSchema.parse({ stepSeconds: 0 }),
  };
  const queue = new Schedule();
  const counts = { trials: 0, lost: 0, duplicated: 0, late: 0, restarts: 0, clockSteps: 0, openings: 0 };
  let inFlight = 0;
  let mostInFlight = 0;

  let ownerOffsetMs = 0;
  let agreement = FRESH_AGREEMENT;
  /** What survives a restart of the owner: stored before an answer leaves. */
  let stored = JSON.stringify(agreement);
  let grants = 0;
  const isolates = Array.from({ length: options.isolates }, (_, i): Isolate => ({
    region: REGIONS[i % 4]!,
    clockOffsetMs: random() * 10_000,
    held: [],
    seen: new Set(),
    life: 0,
    asking: false,
  }));

  const clockOf = (isolate: Isolate) => queue.nowMs + isolate.clockOffsetMs;
  const moment = () => ({ nowMs: queue.nowMs + ownerOffsetMs, random });
  const chance = (share: number) => random() < share;
  const between = (low: number, high: number) => low + random() * (high - low);

  /** Carries a message: mostly at once, sometimes late, twice or never. */
  function send(arrive: () => void): void {
    if (chance(FAULT.lost)) return void counts.lost++;
    const copies = chance(FAULT.duplicated) ? 2 : 1;
    counts.duplicated += copies - 1;
    for (let copy = 0; copy < copies; copy++) {
      const isLate = chance(FAULT.late);
      if (isLate) counts.late++;
      queue.after(isLate ? between(500, 12_000) : between(5, 150), arrive);
    }
  }

  function persist(next: OriginAgreement): void {
    agreement = next;
    stored = JSON.stringify(next);
  }

  function ownerDoesWhatIsDue(): void {
    persist(advanceAgreement(agreement, rules, moment().nowMs));
    if (agreement.world.phase !== "closed") return;
    counts.openings++;
    const failing = { successes: 0, failures: 5, slow: 0, longestFailureRun: 5 };
    persist(judgeWorld(recordRegion(agreement, "enam", failing, rules, moment()), [], rules, moment()));
  }

  function ownerTakesPermit(region: Region): Grant | null {
    ownerDoesWhatIsDue();
    const wanted = { id: `permit-${grants++}`, attemptMs: ATTEMPT_MS };
    const taken = takePermit(agreement, region, wanted, rules, moment());
    persist(options.rule === "reissue-at-expiry" ? loosened(taken.agreement) : taken.agreement);
    return taken.grant;
  }

  function ask(isolate: Isolate): void {
    const { life } = isolate;
    const askedMs = clockOf(isolate);
    const askedAtMs = queue.nowMs;
    isolate.asking = true;
    queue.after(between(200, 1_000), () => (isolate.asking = false));
    send(() => {
      const grant = ownerTakesPermit(isolate.region);
      if (grant === null) return;
      send(() => {
        if (isolate.life !== life || isolate.seen.has(grant.id)) return;
        isolate.seen.add(grant.id);
        const held = holdPermit(grant, askedMs, clockOf(isolate));
        const leftMs = askedAtMs + grant.useWithinMs - queue.nowMs;
        if (held === null || leftMs <= 0) return;
        isolate.held.push(held);
        // The task that holds the permit gives it up by its own timer, which no clock step moves; it may run late.
        queue.after(leftMs + between(0, 500), () => giveUp(isolate, held));
      });
    });
  }

  function giveUp(isolate: Isolate, held: HeldPermit): void {
    if (!isolate.held.includes(held)) return;
    isolate.held = isolate.held.filter((other) => other !== held);
    settle(held.id, "ignored");
  }

  function settle(id: string, outcome: "success" | "failure" | "ignored"): void {
    send(() => persist(settleTrial(agreement, id, outcome, rules, moment())));
  }

  function request(isolate: Isolate): void {
    const held = isolate.held[0];
    if (held === undefined) {
      if (!isolate.asking) ask(isolate);
      return;
    }
    isolate.held.shift();
    if (!usePermit(held, clockOf(isolate))) return settle(held.id, "ignored");
    counts.trials++;
    inFlight++;
    mostInFlight = Math.max(mostInFlight, inFlight);
    // Some hang until the deadline cuts them off.
    queue.after(chance(0.3) ? held.deadlineMs : between(1, 500), () => {
      inFlight--;
      settle(held.id, chance(0.5) ? "success" : chance(0.4) ? "failure" : "ignored");
    });
  }

  function repeat(everyMs: () => number, action: () => void): void {
    queue.after(everyMs(), () => {
      action();
      repeat(everyMs, action);
    });
  }

  for (const isolate of isolates) {
    repeat(
      () => between(10, 800),
      () => request(isolate),
    );
    repeat(
      () => between(5_000, 60_000),
      () => {
        counts.restarts++;
        isolate.life++;
        isolate.held = [];
        isolate.seen.clear();
      },
    );
    repeat(
      () => between(1_000, 20_000),
      () => {
        counts.clockSteps++;
        isolate.clockOffsetMs += between(-10_000, 10_000);
      },
    );
  }
  repeat(
    () => between(500, 20_000),
    () => {
      counts.restarts++;
      agreement = JSON.parse(stored) as OriginAgreement;
    },
  );
  // Not more than once in a slot's life ahead; back at any time.
  repeat(
    () => between(heldMs(ATTEMPT_MS) + 1_000, 60_000),
    () => {
      counts.clockSteps++;
      ownerOffsetMs += between(0, 3_600_000);
    },
  );
  repeat(
    () => between(1_000, 60_000),
    () => {
      counts.clockSteps++;
      ownerOffsetMs -= between(0, 10_000);
    },
  );

  queue.run(options.durationMs);
  return { mostInFlight, ...counts };
}

/** The rule that comes to mind first: a permit that may no longer be begun is as good as gone. */
function loosened(agreement: OriginAgreement): OriginAgreement {
  const slots = agreement.permits.slots.map((slot) => ({ ...slot, freeAtMs: PERMIT_USE_MS }));
  return { ...agreement, permits: { ...agreement.permits, slots } };
}

/** Events in order of their time. */
class Schedule {
  nowMs = 0;
  readonly #heap: { readonly atMs: number; readonly run: () => void }[] = [];

  after(delayMs: number, run: () => void): void {
    const heap = this.#heap;
    let i = heap.push({ atMs: this.nowMs + delayMs, run }) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && heap[parent]!.atMs > heap[i]!.atMs; parent = (i - 1) >> 1) {
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }

  run(untilMs: number): void {
    for (let next = this.#pop(); next !== undefined && next.atMs <= untilMs; next = this.#pop()) {
      this.nowMs = next.atMs;
      next.run();
    }
  }

  #pop(): { readonly atMs: number; readonly run: () => void } | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || heap.length === 0) return first;
    heap[0] = last!;
    for (let i = 0; ;) {
      const left = 2 * i + 1;
      let least = i;
      if (left < heap.length && heap[left]!.atMs < heap[least]!.atMs) least = left;
      if (left + 1 < heap.length && heap[left + 1]!.atMs < heap[least]!.atMs) least = left + 1;
      if (least === i) return first;
      [heap[i], heap[least]] = [heap[least]!, heap[i]!];
      i = least;
    }
  }
}
