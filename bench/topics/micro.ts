/** Topic `micro`: what each pure rule costs, in time and memory, and what the npm packages for the same job cost. */
import type { Reporter, TopicOptions } from "../figure.ts";
import { measure, type Cost, type Side } from "../micro/harness.ts";
import { matches } from "../micro/peers.ts";
import { occasionalRules } from "../micro/occasional-rules.ts";
import { requestRules } from "../micro/request-rules.ts";
import { formatSpread } from "../statistics.ts";

const ROUNDS = 15;
const QUICK_ROUNDS = 7;

/** A request asks a dozen of them and costs some hundreds of microseconds. */
const REQUEST_RULE_US = 1;

/** Asked a few times a second at most. */
const OCCASIONAL_RULE_US = 50;

export async function run(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const rounds = quick ? QUICK_ROUNDS : ROUNDS;
  await measureRules(report, "asked by requests", requestRules(), rounds, REQUEST_RULE_US);
  await measureRules(report, "asked when something comes", occasionalRules(), rounds, OCCASIONAL_RULE_US);
  report.note(
    "Without a row: policies and meters (topics `steering` and `rate-limit`), what reads or writes a runtime's `Headers`, signatures (topics `hot-path` and `affinity`), and what an operator's change costs, such as a fold of purges (some ms, every 500 purges).",
  );
  report.note(
    "Beside npm packages, for the reader and without a verdict: none of the five jobs is a hot one. A breaker takes a report every second or so, not a call, and its state is plain data that is replaced whole, because it is stored and sent as it is; cockatiel adds to numbers in place. A key memory is proof against floods, a response is judged once and reused often.",
  );
  for (const { job, sides } of matches()) {
    const [ours, ...theirs] = await measure(sides, rounds);
    report.table([
      { [job]: ours!.name, us: digits(ours!.us), "B allocated": ours!.bytes.toFixed(0), "Fairlead against it": "" },
      ...theirs.map((cost) => ({
        [job]: cost.name,
        us: digits(cost.us),
        "B allocated": cost.bytes.toFixed(0),
        "Fairlead against it": `${formatSpread(ratios(ours!, cost))} x`,
      })),
    ]);
  }
}

async function measureRules(
  report: Reporter,
  asked: string,
  sides: readonly Side[],
  rounds: number,
  atMostUs: number,
): Promise<void> {
  const costs = await measure(sides, rounds);
  report.table(
    costs.map(({ name, us, bytes }) => ({ [asked]: name, us: digits(us), "B allocated": bytes.toFixed(0) })),
  );
  const slowest = costs.toSorted((a, b) => b.us - a.us)[0]!;
  report.figure({
    figure: `slowest pure rule ${asked} (${slowest.name}), median`,
    value: slowest.us,
    unit: "us",
    target: { atMost: atMostUs },
  });
}

function digits(us: number): string {
  return us.toFixed(3);
}

function ratios(ours: Cost, theirs: Cost): number[] {
  return ours.roundsUs.map((us, round) => us / theirs.roundsUs[round]!);
}
