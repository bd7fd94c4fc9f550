/** Plays the demo's region outage and reads what it measured. */
import { spawn } from "node:child_process";
import { freePort } from "../../demo/ports.ts";

const DEMO = new URL("../../demo/main.ts", import.meta.url).pathname;

/** The part of `npm run demo -- --scenario region-outage --json` that is read. */
export interface Outage {
  readonly figures: Readonly<Record<string, number | null>>;
  readonly checks: readonly { readonly promise: string; readonly kept: boolean; readonly seen: string }[];
  readonly summary: readonly (readonly [what: string, measured: string])[];
}

/**
 * Plays the scenario in a process of its own, on free ports.
 *
 * @throws Error with what it said when it gave no result; a broken promise is a result
 */
export async function playOutage(): Promise<Outage> {
  const first = await freePort(6);
  const ports = [`--port=${first}`, `--control-port=${first + 1}`, `--origin-port=${first + 2}`];
  const child = spawn(process.execPath, [DEMO, "--scenario=region-outage", "--json", ...ports], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  try {
    return JSON.parse(stdout) as Outage;
  } catch (error) {
    throw new Error(`Expected the scenario to print JSON, it ended with ${code}:\n${stderr}`, { cause: error });
  }
}
