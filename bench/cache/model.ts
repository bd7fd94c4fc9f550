/** Reads of what was purged, among caches all over a planet with every fault at once, in virtual time. */
import { playCaches, type CacheTally } from "../../test/cache/model/play.ts";
import { seeded } from "../../test/support/seeded.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const READS = 1_000_000;
const RUNS = 4;

export function measureModel(report: Reporter, { quick }: TopicOptions): void {
  const runs: CacheTally[] = [];
  for (let seed = 1; seed <= RUNS; seed++) runs.push(playCaches((quick ? 0.1 : 1) * (READS / RUNS), seeded(seed)));
  const sum = (pick: (tally: CacheTally) => number) => runs.reduce((total, tally) => total + pick(tally), 0);
  report.note(
    `model: ${sum(({ reads }) => reads.store)} reads from stores, ${sum(({ reads }) => reads.confirmed)} confirmed by the origin, ` +
      `${sum(({ reads }) => reads.waited)} from another's fetch, ${sum(({ reads }) => reads.rescued)} while the origin failed, ` +
      `${sum(({ reads }) => reads.origin)} fetched; ${sum(({ purges }) => purges)} purges, ${sum(({ confirmed }) => confirmed)} confirmed`,
  );
  report.figure({
    figure: "stale served after a hard purge was complete (model with faults, 1,000,000 reads)",
    value: sum(({ stale }) => stale),
    unit: "reads",
    target: { equals: 0 },
  });
}
