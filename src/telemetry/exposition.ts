/**
 * Metrics as Prometheus reads them: the text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
 *
 * A family is written in one piece, whoever adds to it and when: the format demands that its lines stand together.
 */

export type MetricType = "counter" | "gauge" | "histogram";

/** By name; one that is undefined is left out, which to Prometheus is the same as empty. */
export type Labels = Readonly<Record<string, string | undefined>>;

/** A distribution: how many fell into each bucket (not added up; the last one is what is above all bounds), and their sum. */
export interface Distribution {
  readonly bounds: readonly number[];
  readonly buckets: readonly number[];
  readonly sum: number;
}

export class Exposition {
  readonly #families = new Map<string, string[]>();

  /**
   * Adds a sample. The first of a family says what it is.
   *
   * @param value NaN is no value: the sample is left out
   */
  add(name: string, type: Exclude<MetricType, "histogram">, help: string, labels: Labels, value: number): void {
    if (Number.isNaN(value)) return;
    this.#family(name, type, help).push(`${name}${labelsText(labels)} ${numberText(value)}`);
  }

  /** Adds a histogram of the family `name`. */
  addHistogram(name: string, help: string, labels: Labels, { bounds, buckets, sum }: Distribution): void {
    const lines = this.#family(name, "histogram", help);
    let count = 0;
    for (const [index, inBucket] of buckets.entries()) {
      count += inBucket;
      const le = index < bounds.length ? numberText(bounds[index]!) : "+Inf";
      lines.push(`${name}_bucket${labelsText({ ...labels, le })} ${count}`);
    }
    lines.push(`${name}_sum${labelsText(labels)} ${numberText(sum)}`, `${name}_count${labelsText(labels)} ${count}`);
  }

  /** Everything, ended by a line feed as the format asks. */
  text(): string {
    const lines = [...this.#families.values()].flat();
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  }

  #family(name: string, type: MetricType, help: string): string[] {
    let lines = this.#families.get(name);
    if (lines === undefined) {
      lines = [`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`, `# TYPE ${name} ${type}`];
      this.#families.set(name, lines);
    }
    return lines;
  }
}

function labelsText(labels: Labels): string {
  const written = Object.entries(labels).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${escaped(value)}"`],
  );
  return written.length === 0 ? "" : `{${written.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
