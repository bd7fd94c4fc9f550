/** Topic `held`: syncs that a hub holds until something changes, against plain polling. */
import { HOLD_MS, LEASE_MS } from "../../src/agreement/timing.ts";
import { RATES } from "../cost/rates.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { measureWays, type Measured, type Way } from "../held/measure.ts";
import { formatSpread, median, paired, quantile } from "../statistics.ts";

const WAYS: readonly Way[] = [
  { name: "held, 2 s at most", pollMs: 0 },
  { name: "polled every 2 s", pollMs: 2_000 },
  { name: "polled every 250 ms", pollMs: 250 },
];

const ROUNDS = 16;
const QUICK_ROUNDS = 4;

const MONTH_SECONDS = 30 * 86_400;

/** Lone requests a minute from one place; in between nothing happens. */
const RATES_PER_MINUTE = [0.1, 1, 4, 60];

export async function run(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const rounds = quick ? QUICK_ROUNDS : ROUNDS;
  const measured = await measureWays(WAYS, rounds);
  report.table(
    measured.map(({ way, callsPerSecond, cpuPercent, effectMs }) => ({
      way: way.name,
      "calls/s, an isolate with traffic": formatSpread(callsPerSecond),
      "CPU % of the process": formatSpread(cpuPercent, 1),
      "in effect, p50 ms": median(effectMs.flat()).toFixed(0),
      "p95 ms": quantile(effectMs.flat(), 0.95).toFixed(0),
      "slowest ms": Math.max(...effectMs.flat()).toFixed(0),
    })),
  );
  report.note(
    `Each way on twelve places of its own, all with the same requests at the same time: calls and CPU in ${rounds} windows without a change, median (quartiles); then ${rounds} rounds of a change for each in turn. In effect: from the change's call until a request at a place follows it.`,
  );
  report.table(
    WAYS.filter(({ pollMs }) => pollMs !== 250).map(({ name, pollMs }) => ({
      "a hub's waking hours a month": name,
      ...Object.fromEntries(
        RATES_PER_MINUTE.map((perMinute) => [`${perMinute}/min`, wakingText(pollMs === 0 ? HOLD_MS : 0, perMinute)]),
      ),
    })),
  );
  report.note(
    `After a lone request a hub is awake for the hold and the lease (${LEASE_MS} ms), with which it leaves, whichever way; worked out, at ${RATES.perMillion.gbSeconds} dollars per million GB-s.`,
  );
  const [held, polled, often] = measured as [Measured, Measured, Measured];
  const effects = paired(held.effectMs.map(median), polled.effectMs.map(median));
  const calls = paired(held.callsPerSecond, often.callsPerSecond);
  report.note(
    `Held, in the same round: time to effect ${formatSpread(effects)} of polling as often, calls ${formatSpread(calls)} of polling every 250 ms.`,
  );
  report.figure({
    figure: "time to effect of held syncs against polling as often, p50",
    value: median(effects),
    unit: "x",
    target: { atMost: 0.25 },
  });
  report.figure({
    figure: "calls of held syncs against polling every 250 ms",
    value: median(calls),
    unit: "x",
    target: { atMost: 0.25 },
  });
}

function wakingText(holdMs: number, perMinute: number): string {
  const awakeSeconds = Math.min(60, (perMinute * (holdMs + LEASE_MS)) / 1_000);
  const hours = ((awakeSeconds / 60) * MONTH_SECONDS) / 3_600;
  const dollars = (hours * 3_600 * RATES.objectGb * RATES.perMillion.gbSeconds) / 1_000_000;
  return `${hours.toFixed(0)} h, $${dollars.toFixed(2)}`;
}
