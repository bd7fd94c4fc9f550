/** Starts the origin that benches put behind their Workers, as a process of its own. */
import { freePort } from "../../demo/ports.ts";
import { startProcess, waitUntil } from "../../demo/process.ts";

export interface BenchOrigin {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param delayMs how long it takes to answer, ms */
export async function startBenchOrigin(delayMs = 0): Promise<BenchOrigin> {
  const port = await freePort();
  const script = new URL("origin.ts", import.meta.url).pathname;
  const args = [script, String(port), String(delayMs)];
  const origin = await startProcess({ name: "origin", command: process.execPath, args });
  const answers = async () => (await fetch(`http://127.0.0.1:${port}/`)).ok;
  await waitUntil("the origin to answer", answers, { alive: [origin] });
  return { port, stop: () => origin.stop() };
}
