/** Topic `growth`: how memory and time of view, sync and decision grow with origins, services and purges. */
import { exponentOf } from "../growth/fit.ts";
import { byOrigins, byPurges, byServices, type Row } from "../growth/rows.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const ORIGINS = [4, 20, 100, 1_000];
const SERVICES = [1, 10, 100];
const PURGES = [0, 100, 1_000, 10_000, 100_000];

/** Orders of growth: the power of the size that a cost goes with. */
const ORDERS = { constant: 0, linear: 1 } as const;

/** Most that an exponent may be over the one promised: small sizes carry a constant share, large ones leave the caches. */
const SLACK = 0.25;

interface Grown {
  readonly figure: string;
  readonly values: readonly number[];
  readonly exponent: number;
}

export async function run(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const rounds = quick ? 5 : 15;
  await tell(report, "origins", ORIGINS, (size) => byOrigins(size, rounds));
  await tell(report, "services of 4 origins", SERVICES, (size) => byServices(size, rounds));
  await tell(report, "purges", PURGES, (size) => byPurges(size, rounds));
  report.note(
    "Times are those of the best round: what else runs on the machine only ever adds. The power is fitted by least squares on logarithms, over the sizes that have one: 0 is constant, 1 linear. A bound is the promised order and 0.25 more.",
  );
}

async function tell(
  report: Reporter,
  what: string,
  sizes: readonly number[],
  measureAt: (size: number) => Promise<Row>,
): Promise<void> {
  const rows: Row[] = [];
  await measureAt(sizes[1]!); // So that the first size does not pay for compiling.
  for (const size of sizes) rows.push(await measureAt(size));
  for (const [promised, order] of Object.entries(ORDERS)) {
    const grown = grownOf(
      sizes,
      rows.map((row) => row[promised as keyof Row]),
    );
    report.table(
      grown.map(({ figure, values, exponent }) => ({
        [`by ${what}, ${promised}`]: figure,
        ...Object.fromEntries(
          values.map((value, index) => [`n = ${sizes[index]!.toLocaleString("en")}`, digits(value)]),
        ),
        "grows with the power": exponent.toFixed(2),
      })),
    );
    const steepest = grown.toSorted((a, b) => b.exponent - a.exponent)[0]!;
    report.figure({
      figure: `by ${what}, the steepest of what is to be ${promised} (${steepest.figure}) grows with the power`,
      value: steepest.exponent,
      unit: "",
      target: { atMost: order + SLACK },
    });
  }
}

function grownOf(sizes: readonly number[], rows: readonly Readonly<Record<string, number>>[]): Grown[] {
  return Object.keys(rows[0]!).map((figure) => {
    const values = rows.map((row) => row[figure]!);
    const points = values.flatMap((value, index) =>
      sizes[index]! > 0 ? [[sizes[index]!, Math.max(value, 1e-6)] as const] : [],
    );
    return { figure, values, exponent: exponentOf(points) };
  });
}

function digits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}
