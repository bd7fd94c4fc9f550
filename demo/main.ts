/** `npm run demo`: four origins, the Worker in front, live until Ctrl-C; or one scenario, and what came of it. */
import type { Company } from "./company.ts";
import { whatIsMissing } from "./fit.ts";
import { parseOptions, portsOf, usage, type DemoOptions } from "./options.ts";
import { isPortFree } from "./ports.ts";
import { describeChange, printResult, printWelcome } from "./print.ts";
import { hasPassed, type Scenario } from "./scenario.ts";
import { styleFor } from "./style.ts";

const FAILED = 1;
const WRONG_USE = 2;
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const style = styleFor(process.stdout, process.env);
const print = (line = "") => void process.stdout.write(`${line}\n`);
const complain = (line: string) => void process.stderr.write(`${line}\n`);

process.exitCode = await main();

async function main(): Promise<number> {
  const loaded = await load();
  if ("problem" in loaded) {
    complain(loaded.problem);
    return FAILED;
  }
  const { SCENARIOS } = loaded;
  const scenarios = [...SCENARIOS.keys()];
  const parsed = parseOptions(process.argv.slice(2), scenarios, process.env);
  if ("problem" in parsed) {
    complain(`${parsed.problem}. See npm run demo -- --help`);
    return WRONG_USE;
  }
  const { options } = parsed;
  if (options.help) {
    print(usage([...SCENARIOS.values()]).trimEnd());
    return 0;
  }
  const missing = whatIsMissing(loaded.config);
  if (missing !== null) {
    complain(missing);
    return FAILED;
  }
  const taken = await takenPorts(options);
  for (const line of taken) complain(line);
  if (taken.length > 0) return FAILED;

  const ending = endOnSignals();
  let company: Company | undefined;
  try {
    if (!options.json) print(style.dim("Starting four origins and the Worker ..."));
    // Loaded only now: wrangler takes seconds to load, and a wrong flag should be told at once.
    const { startCompany } = await import("./company.ts");
    company = await startCompany(options, ending.signal, (origin) => {
      if (options.scenario === undefined) print(describeChange(origin, style));
    });
    const scenario = options.scenario === undefined ? undefined : SCENARIOS.get(options.scenario);
    const ended = ending.requested.then(() => (scenario === undefined ? 0 : ending.code()));
    const lost = company.loss.then((what) => {
      complain(what);
      return FAILED;
    });
    if (scenario === undefined) printWelcome(print, style, options, company);
    const playing = scenario === undefined ? [] : [play(scenario, options, company, ending.signal)];
    return await Promise.race([ended, lost, ...playing]);
  } catch (error) {
    if (ending.signal.aborted) return options.scenario === undefined ? 0 : ending.code();
    complain(error instanceof Error ? error.message : String(error));
    return FAILED;
  } finally {
    await company?.stop();
    ending.forget();
  }
}

/** The configuration, and the scenarios that go by it: neither can be had if it is wrong. */
async function load() {
  try {
    const [{ default: config }, { SCENARIOS }] = await Promise.all([
      import("../fairlead.config.ts"),
      import("./scenarios.ts"),
    ]);
    return { config, SCENARIOS };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { problem: `fairlead.config.ts: ${message}\nAll of it: npm run check:config` };
  }
}

async function play(scenario: Scenario, options: DemoOptions, company: Company, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const timeline: { atMs: number; event: string }[] = [];
  const tell = (event: string) => {
    const atMs = Math.round(performance.now() - startedAt);
    timeline.push({ atMs, event });
    if (!options.json) print(`${style.dim(`${(atMs / 1000).toFixed(2).padStart(7)} s`)}  ${event}`);
  };
  if (!options.json) print(`\n${style.bold(scenario.name)}: ${scenario.summary}\n`);
  const result = await scenario.play({ port: options.port, controlUrl: company.control.url, tell, signal });
  const passed = hasPassed(result);
  if (options.json) print(JSON.stringify({ scenario: scenario.name, passed, ...result, timeline }, null, 2));
  else printResult(print, style, result);
  return passed ? 0 : FAILED;
}

async function takenPorts(options: DemoOptions): Promise<string[]> {
  const lines = await Promise.all(
    portsOf(options).map(async ({ port, use, flag }) =>
      (await isPortFree(port)) ? [] : [`Port ${port} is in use, and ${use} needs it: choose another with ${flag} N`],
    ),
  );
  return lines.flat();
}

/** Turns the ways of being asked to end into one: signals, and an output that nobody reads any more. */
function endOnSignals() {
  const controller = new AbortController();
  const requested = new Promise<void>((resolve) => {
    controller.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  let code = 0;
  const handlers = Object.entries(SIGNAL_EXIT_CODES).map(([name, exitCode]) => {
    const handler = () => {
      // Asked twice, it leaves at once; the guardian ends what is left.
      if (controller.signal.aborted) process.exit(exitCode);
      code = exitCode;
      controller.abort(new Error(name));
    };
    process.on(name, handler);
    return () => process.off(name, handler);
  });
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => controller.abort(new Error("EPIPE")));
  return {
    signal: controller.signal,
    requested,
    code: () => code,
    forget: () => {
      for (const remove of handlers) remove();
    },
  };
}
