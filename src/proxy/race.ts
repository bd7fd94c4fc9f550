/** Runs one attempt, and others beside it when it is slow: the first good answer wins, the losers are cancelled. */

/** An attempt on its way. */
export interface Runner<Outcome> {
  readonly outcome: Promise<Outcome>;
  /** Gives it up: nobody will read what still comes. */
  cancel(): void;
}

export interface RaceRules<Outcome> {
  /** Wait before another runner is sent, ms. */
  readonly afterMs: number;
  /** Starts another runner, or says that there is none to start. */
  another(): Runner<Outcome> | null;
  isGood(outcome: Outcome): boolean;
  /** Told of a bad outcome while others are still on their way. */
  lost(outcome: Outcome): void;
}

interface End<Outcome> {
  readonly runner: Runner<Outcome>;
  readonly outcome: Outcome;
}

/** @returns the first good outcome, or the last bad one */
export async function race<Outcome>(first: Runner<Outcome>, rules: RaceRules<Outcome>): Promise<Outcome> {
  const running = new Set([first]);
  let open = true;
  for (;;) {
    const late = open ? timer(rules.afterMs) : null;
    const ends = [...running].map(async (runner) => ({ runner, outcome: await runner.outcome }));
    const end = await Promise.race<End<Outcome> | null>(late === null ? ends : [...ends, late.over]);
    late?.stop();
    if (end === null) {
      const next = rules.another();
      if (next === null) open = false;
      else running.add(next);
      continue;
    }
    running.delete(end.runner);
    if (rules.isGood(end.outcome) || running.size === 0) {
      for (const loser of running) loser.cancel();
      return end.outcome;
    }
    rules.lost(end.outcome);
  }
}

function timer(ms: number): { readonly over: Promise<null>; stop(): void } {
  let stop!: () => void;
  const over = new Promise<null>((resolve) => {
    const handle = setTimeout(() => resolve(null), ms);
    stop = () => clearTimeout(handle);
  });
  return { over, stop };
}
