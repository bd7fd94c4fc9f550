/** `defineConfig`: from what a user writes to what Fairlead runs on, or every problem at once. */
import { checkConfig } from "./check.ts";
import { describeProblem, problemsOf, type ConfigProblem } from "./problem.ts";
import { configSchema, type Config, type ConfigInput } from "./schema.ts";

/** Thrown for a configuration that cannot be run; its message lists every wrong field. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      `The configuration has ${problems.length} wrong field${problems.length === 1 ? "" : "s"}:\n${problems.map((p) => `  - ${describeProblem(p)}`).join("\n")}`,
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/**
 * Checks a configuration and fills in its defaults.
 *
 * @throws ConfigError with the path of every wrong field, what was expected and what came.
 */
export function defineConfig(input: ConfigInput): Config {
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) throw new ConfigError(problemsOf(parsed.error.issues, input));
  const problems = checkConfig(parsed.data);
  if (problems.length > 0) throw new ConfigError(problems);
  return parsed.data;
}
