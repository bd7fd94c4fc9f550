/** What the demo was asked to do: its command line, read and checked. */
import { parseArgs } from "node:util";

export interface DemoOptions {
  /** The Worker's port. */
  readonly port: number;
  /** The first of the origins' four ports. */
  readonly originPort: number;
  readonly controlPort: number;
  readonly scenario: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

const ORIGIN_COUNT = 4;

const FLAGS = {
  port: { type: "string", default: "8787" },
  "origin-port": { type: "string", default: "9101" },
  "control-port": { type: "string", default: "9100" },
  scenario: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Text of `--help`. */
export function usage(scenarios: readonly { readonly name: string; readonly summary: string }[]): string {
  return `Four regional origins and Fairlead in front of them, on this machine.

npm run demo -- [options]

  --port N           port of the Worker (default ${FLAGS.port.default})
  --origin-port N    first of the origins' ${ORIGIN_COUNT} ports (default ${FLAGS["origin-port"].default})
  --control-port N   port of the server that makes origins fail (default ${FLAGS["control-port"].default})
  --scenario NAME    play a scenario, print what came of it and end:
${scenarios.map(({ name, summary }) => `                       ${name}: ${summary}`).join("\n")}
  --json             with --scenario: print the result as one JSON document
  -h, --help         this page

Exit codes: 0 all well (Ctrl-C ends a demo without scenario well), 1 something failed or a scenario's promise was broken,
2 wrong options, 130 or 143 a scenario was interrupted.
`;
}

/**
 * Reads the command line.
 *
 * @param environment in which npm leaves options that were given to npm instead of to the demo
 */
export function parseOptions(
  args: readonly string[],
  scenarios: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): { readonly options: DemoOptions } | { readonly problem: string } {
  const swallowed = ["port", "origin-port", "control-port", "scenario"].find(
    (flag) => environment[`npm_config_${flag.replace("-", "_")}`] !== undefined,
  );
  if (swallowed !== undefined) {
    return { problem: `Expected --${swallowed} after "--", got it before: npm run demo -- --${swallowed} ...` };
  }
  try {
    const { values } = parseArgs({ args: [...args], options: FLAGS, strict: true });
    const options: DemoOptions = {
      port: port("--port", values.port),
      originPort: port("--origin-port", values["origin-port"], ORIGIN_COUNT),
      controlPort: port("--control-port", values["control-port"]),
      scenario: values.scenario,
      json: values.json,
      help: values.help,
    };
    checkOverlap(options);
    if (options.scenario !== undefined && !scenarios.includes(options.scenario)) {
      throw new Error(`Expected --scenario to be one of ${scenarios.join(", ")}, got "${options.scenario}"`);
    }
    if (options.json && options.scenario === undefined) throw new Error("Expected --json together with --scenario");
    return { options };
  } catch (error) {
    return { problem: problemOf(error as Error & { code?: string }) };
  }
}

/** Every port the demo listens on, what for, and the option that moves it. */
export function portsOf({ port, originPort, controlPort }: DemoOptions): { port: number; use: string; flag: string }[] {
  return [
    { port, use: "the Worker", flag: "--port" },
    { port: controlPort, use: "the control server", flag: "--control-port" },
    ...Array.from({ length: ORIGIN_COUNT }, (_, index) => ({
      port: originPort + index,
      use: `origin ${index + 1} of ${ORIGIN_COUNT}`,
      flag: "--origin-port",
    })),
  ];
}

function checkOverlap(options: DemoOptions): void {
  const taken = new Map<number, string>();
  for (const { port, use, flag } of portsOf(options)) {
    const other = taken.get(port);
    if (other !== undefined) throw new Error(`Expected ${flag} to leave port ${port} to ${other}, got it for ${use}`);
    taken.set(port, use);
  }
}

function port(flag: string, text: string, count = 1): number {
  const max = 65_536 - count;
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= max) return value;
  throw new Error(`Expected ${flag} to be a port from 1 to ${max}, got "${text}"`);
}

/** parseArgs names the flag in its first sentence and adds advice that does not apply here. */
function problemOf({ code, message }: Error & { code?: string }): string {
  if (code?.startsWith("ERR_PARSE_ARGS") !== true) return message;
  const [sentence = message] = message.split(/\. |\.?\n/);
  const flags = Object.keys(FLAGS).map((flag) => `--${flag}`);
  return `${sentence.replace(/\.$/, "")}. Expected ${flags.join(", ")}`;
}
