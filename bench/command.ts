/** The command `npm run figures`: which topics it runs, what it prints and writes, and how it ends. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { parseArgs } from "node:util";
import type { Figure, RunTopic } from "./figure.ts";
import { formatSection, replaceFigures, replaceSection } from "./results.ts";
import { allMet, formatTimes, runTopics, type TopicLoaders, type TopicResult } from "./run-topics.ts";

const USAGE = `Usage: npm run figures -- [topic...] [--json] [--quick] [--write]
  no topic  all of them
  --json    only JSON on stdout: [{ "topic", "figure", "value", "unit", "target", "met" }]
  --quick   fewer rounds, for trying a change
  --write   put what was measured into bench/RESULTS.md and bench/results.json`;

/** For all topics together. A note and no figure: it is the machine's time. */
const MOST_MINUTES = 20;

/**
 * Topics that measure the process they run in. Of all topics they come first: what others have loaded would make every collection of
 * garbage longer, and code and data less near.
 */
const WHILE_CLEAN: readonly string[] = ["micro", "steering", "growth"];

/** Where it reads and writes. */
export interface Files {
  /** A folder with a module for each topic. */
  readonly topics: URL;
  readonly results: URL;
  readonly resultsJson: URL;
}

/** @returns the exit code: 0 all met, 1 one not met or not measured, 2 a wrong command line. */
export async function figuresCommand(args: string[], files: Files): Promise<number> {
  const loaders = topicLoaders(files.topics);
  const known = `Topics: ${[...loaders.keys()].join(", ")}`;
  const parsed = parse(args);
  if (typeof parsed === "string") {
    console.error(`${parsed}\n\n${USAGE}\n${known}`);
    return 2;
  }
  const { json, quick, write, help, topics } = parsed;
  if (help) {
    console.log(`${USAGE}\n${known}`);
    return 0;
  }
  const unknown = topics.find((topic) => !loaders.has(topic));
  if (unknown !== undefined) {
    console.error(`Expected a topic, got "${unknown}". ${known}`);
    return 2;
  }
  const names = topics.length > 0 ? [...new Set(topics)] : inOrder([...loaders.keys()]);
  const say = json ? console.error : console.log;
  const results = await runTopics(loaders, names, { quick, write }, say);
  const figures = results.flatMap((result) => result.figures);
  say(`\n${formatTimes(results)}`);
  if (topics.length === 0)
    say(`All topics are to take under ${MOST_MINUTES} minutes on two cores that do nothing else.`);
  if (json) console.log(JSON.stringify(figures, null, 2));
  else console.log(`\n${figures.filter((figure) => figure.met).length} of ${figures.length} figures met.`);
  if (write) keep(results, quick, files);
  return allMet(results) ? 0 : 1;
}

function inOrder(topics: readonly string[]): string[] {
  const first = WHILE_CLEAN.filter((topic) => topics.includes(topic));
  return [...first, ...topics.filter((topic) => !first.includes(topic))];
}

/** Replaces what there is of these topics and of no other. */
function keep(results: readonly TopicResult[], quick: boolean, { results: page, resultsJson }: Files): void {
  const date = new Date().toISOString().slice(0, 10);
  let document = existsSync(page) ? readFileSync(page, "utf8") : "";
  let figures = existsSync(resultsJson) ? (JSON.parse(readFileSync(resultsJson, "utf8")) as Figure[]) : [];
  for (const result of results) {
    const command = `npm run figures -- ${result.topic}${quick ? " --quick" : ""}`;
    const section = formatSection(result, { date, machine: describeMachine(), command });
    document = replaceSection(document, result.topic, section);
    figures = replaceFigures(figures, result);
  }
  writeFileSync(page, document);
  writeFileSync(resultsJson, `${JSON.stringify(figures, null, 2)}\n`);
}

function parse(args: string[]) {
  try {
    const flag = { type: "boolean", default: false } as const;
    const { values, positionals } = parseArgs({
      args,
      options: { json: flag, quick: flag, write: flag, help: flag },
      allowPositionals: true,
    });
    return { ...values, topics: positionals };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function topicLoaders(topics: URL): TopicLoaders {
  const modules = readdirSync(topics).filter((file) => file.endsWith(".ts"));
  return new Map(
    modules.toSorted().map((file) => {
      const url = new URL(file, topics).href;
      return [file.slice(0, -".ts".length), async () => (await import(url)) as { run: RunTopic }];
    }),
  );
}

function describeMachine(): string {
  const processors = cpus();
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} x ${processors[0]?.model ?? "unknown processor"}, ${memoryGiB} GiB, ${type()} ${release()}, Node ${process.version}`;
}
