// `npm run figures -- [topic...] [--json] [--quick] [--write]`: prints each figure beside its target; exit 1 if one is not met.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { parseArgs } from "node:util";
import type { RunTopic } from "./figure.ts";
import { formatSection, replaceSection } from "./results.ts";
import { allMet, runTopics, type TopicLoaders } from "./run-topics.ts";

const TOPICS = new URL("topics/", import.meta.url);
const RESULTS = new URL("RESULTS.md", import.meta.url);

const USAGE = `Usage: npm run figures -- [topic...] [--json] [--quick] [--write]
  no topic  all of them
  --json    only JSON on stdout: [{ "topic", "figure", "value", "unit", "target", "met" }]
  --quick   fewer rounds, for trying a change
  --write   put what was measured into bench/RESULTS.md`;

process.exitCode = await main(process.argv.slice(2));

/** @returns the exit code: 0 all met, 1 one not met or not measured, 2 a wrong command line. */
async function main(args: string[]): Promise<number> {
  const loaders = topicLoaders();
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
  const names = topics.length > 0 ? [...new Set(topics)] : [...loaders.keys()];
  const results = await runTopics(loaders, names, { quick, write }, json ? console.error : console.log);
  const figures = results.flatMap((result) => result.figures);
  if (json) console.log(JSON.stringify(figures, null, 2));
  else console.log(`\n${figures.filter((figure) => figure.met).length} of ${figures.length} figures met.`);
  if (write) {
    let document = existsSync(RESULTS) ? readFileSync(RESULTS, "utf8") : "";
    for (const result of results) {
      const command = `npm run figures -- ${result.topic}${quick ? " --quick" : ""}`;
      const date = new Date().toISOString().slice(0, 10);
      document = replaceSection(
        document,
        result.topic,
        formatSection(result, { date, machine: describeMachine(), command }),
      );
    }
    writeFileSync(RESULTS, document);
  }
  return allMet(results) ? 0 : 1;
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

function topicLoaders(): TopicLoaders {
  const files = readdirSync(TOPICS).filter((file) => file.endsWith(".ts"));
  return new Map(
    files.toSorted().map((file) => {
      const url = new URL(file, TOPICS).href;
      return [file.slice(0, -".ts".length), async () => (await import(url)) as { run: RunTopic }];
    }),
  );
}

function describeMachine(): string {
  const processors = cpus();
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} x ${processors[0]?.model ?? "unknown processor"}, ${memoryGiB} GiB, ${type()} ${release()}, Node ${process.version}`;
}
