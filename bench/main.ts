// `npm run figures -- [topic...] [--json] [--quick] [--write]`: prints each figure beside its target; exit 1 if one is not met.
import { figuresCommand } from "./command.ts";

process.exitCode = await figuresCommand(process.argv.slice(2), {
  topics: new URL("topics/", import.meta.url),
  results: new URL("RESULTS.md", import.meta.url),
  resultsJson: new URL("results.json", import.meta.url),
});
