/** Whether an answer that is personal would ever be stored, over random exchanges and rules. */
import fc from "fast-check";
import { refusal } from "../../src/cache/storable.ts";
import { exchanges, isPersonal } from "../../test/cache/exchanges.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const CASES = 100_000;
const QUICK_CASES = 10_000;
const NOW_MS = Date.UTC(2026, 10, 21);

export function measureSharing(report: Reporter, { quick }: TopicOptions): void {
  let personal = 0;
  let stored = 0;
  let shared = 0;
  fc.assert(
    fc.property(exchanges(), ({ asked, status, response, rule }) => {
      const isStored = refusal(asked, status, (name) => response[name] ?? null, rule, NOW_MS) === null;
      if (isStored) stored += 1;
      if (!isPersonal(asked, response, rule)) return;
      personal += 1;
      if (isStored) shared += 1;
    }),
    { numRuns: quick ? QUICK_CASES : CASES },
  );
  report.note(`${personal} of the answers were personal; ${stored} answers were stored.`);
  report.figure({ figure: "personal answers stored", value: shared, unit: "answers", target: { equals: 0 } });
}
