/** The agreement under every fault at once, and `confirm` among many isolates, in virtual time. */
import { LEASE_MS } from "../../src/agreement/timing.ts";
import { playCalm, playFaults, type Tally } from "../../test/agreement/model/scenario.ts";
import { seeded } from "../../test/support/seeded.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const DECISIONS = 1_000_000;
const RUNS = 4;

export function measureModel(report: Reporter, { quick }: TopicOptions): void {
  const runs: Tally[] = [];
  for (let seed = 1; seed <= RUNS; seed++) runs.push(playFaults((quick ? 0.1 : 1) * (DECISIONS / RUNS), seeded(seed)));
  const sum = (pick: (tally: Tally) => number) => runs.reduce((total, tally) => total + pick(tally), 0);
  report.note(
    `model: ${sum((t) => t.decisions)} decisions under a lease, ${sum((t) => t.withoutLease)} without; ` +
      `${sum((t) => t.changes)} changes, ${sum((t) => t.confirmed)} confirmed (${sum((t) => t.slow)} of them took over 8 s)`,
  );
  report.figure({
    figure: "stale decisions after `confirm` was complete (model with faults, 1,000,000 decisions)",
    value: sum((t) => t.stale),
    unit: "decisions",
    target: { equals: 0 },
  });
  const tookMs = playCalm(200, quick ? 20 : 200, seeded(1)).toSorted((a, b) => a - b);
  report.note(
    `confirm, 200 isolates, 180 idle, 10 dying before each change: p50 ${tookMs[tookMs.length >> 1]!.toFixed(0)} ms`,
  );
  report.figure({
    figure: "`confirm`, 200 isolates, most idle, some dead (model, slowest)",
    value: tookMs.at(-1)!,
    unit: "ms",
    target: { atMost: LEASE_MS + 2_000 },
  });
}
