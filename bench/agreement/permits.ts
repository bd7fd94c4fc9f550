/** Trial permits under every fault at once, in virtual time: are there ever more trials in flight than there may be? */
import { runPermitsModel } from "../../test/resilience/permits-model.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const TRIAL_PERMITS = 3;
const RUNS = 20;

export function measurePermits(report: Reporter, { quick }: TopicOptions): void {
  const options = { isolates: 24, durationMs: (quick ? 2 : 20) * 60_000, trialPermits: TRIAL_PERMITS };
  const runs = Array.from({ length: RUNS }, (_, seed) =>
    runPermitsModel({ ...options, seed, rule: "held-through-deadline" }),
  );
  const sum = (pick: (run: (typeof runs)[number]) => number) => runs.reduce((total, run) => total + pick(run), 0);
  const looser = runPermitsModel({ ...options, seed: 1, rule: "reissue-at-expiry" });
  report.note(
    `permits: ${sum((r) => r.trials)} trials; messages: ${sum((r) => r.lost)} lost, ${sum((r) => r.late)} late, ` +
      `${sum((r) => r.duplicated)} duplicated; ${sum((r) => r.restarts)} restarts, ${sum((r) => r.clockSteps)} clock steps. ` +
      `The looser rule (issued again at expiry) puts ${looser.mostInFlight} in flight in the same model`,
  );
  report.figure({
    figure: "trial requests in flight worldwide in half-open (model with faults, `trialPermits` 3)",
    value: Math.max(...runs.map(({ mostInFlight }) => mostInFlight)),
    unit: "requests",
    target: { atMost: TRIAL_PERMITS },
  });
}
