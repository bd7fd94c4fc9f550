/** bench/RESULTS.md and bench/results.json: what was measured, topic by topic, replaced one at a time. */
import { formatNumber, formatTable, type Figure } from "./figure.ts";
import type { TopicResult } from "./run-topics.ts";

const PREAMBLE = `# Results as measured

Written by \`npm run figures -- <topic> --write\`, which replaces that topic's section and no other. Absolute numbers hold
for the machine named; ratios come from one run with the sides interleaved.
`;

export interface Circumstances {
  /** ISO date, UTC. */
  readonly date: string;
  readonly machine: string;
  readonly command: string;
}

/** One topic as a Markdown section. */
export function formatSection(result: TopicResult, { date, machine, command }: Circumstances): string {
  const figures = result.figures.map(({ figure, value, unit, target, met }) => ({
    Figure: figure,
    Value: `${formatNumber(value)} ${unit}`,
    Target: target,
    Met: met ? "yes" : "NO",
  }));
  return [
    `## ${result.topic}`,
    `${date}, ${machine}, \`${command}\`, ${result.seconds.toFixed(0)} s`,
    ...(figures.length > 0 ? [formatTable(figures)] : []),
    ...result.details,
    ...(result.failure === null ? [] : [`Not measured to the end: ${result.failure.split("\n")[0]}`]),
  ].join("\n\n");
}

/**
 * Puts a section in its place: where that topic's was, else in the order of names.
 *
 * @param document the file as it is; empty when there is none
 */
export function replaceSection(document: string, topic: string, section: string): string {
  const sections = new Map(
    document
      .split(/^(?=## )/m)
      .slice(1)
      .map((text) => [/^## (.*)$/m.exec(text)![1]!.trim(), text.trim()]),
  );
  sections.set(topic, section.trim());
  const ordered = [...sections.keys()].toSorted().map((name) => sections.get(name)!);
  return [PREAMBLE.trim(), ...ordered].join("\n\n") + "\n";
}

/** Puts a topic's figures where the order of names has them, in the place of those it had. */
export function replaceFigures(figures: readonly Figure[], { topic, figures: own }: TopicResult): Figure[] {
  const others = figures.filter((figure) => figure.topic !== topic);
  const after = others.findIndex((figure) => figure.topic > topic);
  return others.toSpliced(after === -1 ? others.length : after, 0, ...own);
}
