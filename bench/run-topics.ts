/** Runs topics one after the other and keeps what each reported. */
import {
  formatFigure,
  formatTable,
  judge,
  type Figure,
  type Reporter,
  type RunTopic,
  type TopicOptions,
} from "./figure.ts";

export interface TopicResult {
  readonly topic: string;
  readonly figures: readonly Figure[];
  /** Tables and notes in the order they came, as Markdown. */
  readonly details: readonly string[];
  /** Why the topic could not be measured, or null. */
  readonly failure: string | null;
  /** How long it took. */
  readonly seconds: number;
}

/** What one has before its time is taken. */
type Untimed = Omit<TopicResult, "seconds">;

/** Topics by name; each is loaded only when it runs, because some load half the house. */
export type TopicLoaders = ReadonlyMap<string, () => Promise<{ readonly run: RunTopic }>>;

/**
 * Runs the named topics. One that rejects, leaves a rejection to nobody or reports no figure has failed; the others still run.
 *
 * @param say takes each line for people as soon as it is known
 */
export async function runTopics(
  loaders: TopicLoaders,
  names: readonly string[],
  options: TopicOptions,
  say: (line: string) => void,
): Promise<TopicResult[]> {
  const results: TopicResult[] = [];
  for (const topic of names) {
    say(`\n${topic}`);
    const startedMs = performance.now();
    const result = await runTopic(topic, loaders.get(topic)!, options, say);
    if (result.failure !== null) say(`  FAILED   ${result.failure}`);
    results.push({ ...result, seconds: (performance.now() - startedMs) / 1_000 });
  }
  return results;
}

/** The time that each topic took, and all of them. */
export function formatTimes(results: readonly TopicResult[]): string {
  const total = results.reduce((sum, { seconds }) => sum + seconds, 0);
  const rows = [...results, { topic: "all", seconds: total }];
  return formatTable(rows.map(({ topic, seconds }) => ({ topic, seconds: seconds.toFixed(0) })));
}

/** Whether every topic could be measured and every figure is met. */
export function allMet(results: readonly TopicResult[]): boolean {
  return results.every((result) => result.failure === null && result.figures.every((figure) => figure.met));
}

async function runTopic(
  topic: string,
  load: () => Promise<{ readonly run: RunTopic }>,
  options: TopicOptions,
  say: (line: string) => void,
): Promise<Untimed> {
  const figures: Figure[] = [];
  const details: string[] = [];
  const detail = (text: string) => {
    details.push(text);
    say(indent(text));
  };
  const report: Reporter = {
    figure: (input) => {
      const figure = judge(topic, input);
      figures.push(figure);
      say(indent(formatFigure(figure)));
    },
    table: (rows) => detail(formatTable(rows)),
    note: detail,
  };
  let failure: string | null = null;
  const fail = (error: unknown) => {
    failure ??= error instanceof Error ? (error.stack ?? error.message) : String(error);
  };
  // Node would end the whole run, and what other topics measured would be lost.
  process.on("unhandledRejection", fail);
  try {
    const { run } = await load();
    await run(report, options);
    // Rejections are told of after the microtasks.
    await new Promise((resolve) => setImmediate(resolve));
    if (figures.length === 0) fail("it reported no figure");
  } catch (error) {
    fail(error);
  } finally {
    process.off("unhandledRejection", fail);
  }
  return { topic, figures, details, failure };
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
