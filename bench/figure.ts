/** A figure: one measured number beside what it should be, and how topics report theirs. */

/** What a figure has to be; bounds are inclusive and in the figure's own unit. */
export type Target = { readonly atMost: number } | { readonly atLeast: number } | { readonly equals: number };

export interface FigureInput {
  readonly figure: string;
  readonly value: number;
  /** `ms`, `x` for a ratio, `requests/s`, `calls`, ... */
  readonly unit: string;
  readonly target: Target;
}

/** One line of the output and one element of `--json`. */
export interface Figure {
  readonly topic: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** `<= 200`, `>= 0.92` or `= 0`, in the same unit. */
  readonly target: string;
  readonly met: boolean;
}

export type Row = Readonly<Record<string, string | number>>;

/** What a topic calls with what it measured; anything else it prints is for people. */
export interface Reporter {
  figure(input: FigureInput): void;
  /** Rows with the same keys; the keys of the first are the headings. */
  table(rows: readonly Row[]): void;
  note(text: string): void;
}

export interface TopicOptions {
  /** Fewer rounds: for trying a change, not for results to be kept. */
  readonly quick: boolean;
  /** Results are to be kept: a topic that writes a page of the docs does so. */
  readonly write: boolean;
}

/** What each bench/topics/<topic>.ts exports as `run`; it rejects only when it could not measure. */
export type RunTopic = (report: Reporter, options: TopicOptions) => Promise<void>;

/**
 * Judges a measured number.
 *
 * @throws RangeError for a value that is not finite: what could not be measured is not a figure.
 */
export function judge(topic: string, { figure, value, unit, target }: FigureInput): Figure {
  if (!Number.isFinite(value)) throw new RangeError(`Expected \`${figure}\` to be a finite number, got ${value}`);
  return { topic, figure, value, unit, ...compare(value, target) };
}

function compare(value: number, target: Target): Pick<Figure, "target" | "met"> {
  if ("atMost" in target) return { target: `<= ${target.atMost}`, met: value <= target.atMost };
  if ("atLeast" in target) return { target: `>= ${target.atLeast}`, met: value >= target.atLeast };
  return { target: `= ${target.equals}`, met: value === target.equals };
}

/** `met      bundle size gzipped: 61.2 KB (target <= 200)`. */
export function formatFigure({ figure, value, unit, target, met }: Figure): string {
  return `${met ? "met    " : "NOT MET"}  ${figure}: ${formatNumber(value)} ${unit} (target ${target})`;
}

/** Four significant digits for a measurement, every digit of a count. */
export function formatNumber(value: number): string {
  return Number.isInteger(value) || Math.abs(value) >= 10_000
    ? String(Math.round(value))
    : String(Number(value.toPrecision(4)));
}

/** The same rows for a terminal and for Markdown. */
export function formatTable(rows: readonly Row[]): string {
  const headings = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) =>
    headings.map((heading) => {
      const cell = row[heading] ?? "";
      return typeof cell === "number" ? formatNumber(cell) : cell;
    }),
  );
  const widths = headings.map((heading, i) => Math.max(3, heading.length, ...cells.map((line) => line[i]!.length)));
  const line = (texts: readonly string[]) => `| ${texts.map((text, i) => text.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(headings), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}
