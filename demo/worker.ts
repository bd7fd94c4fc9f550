/** Runs Fairlead under `wrangler dev`, as a developer would: this configuration on this port, nothing kept from or for another run. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, isPortFree } from "./ports.ts";
import { startProcess, waitUntil, type RunningProcess } from "./process.ts";
import { WRANGLER, quietWrangler, writeWranglerConfig, type WorkerSettings } from "./worker-source.ts";
import { PROJECT } from "./wrangler-toml.ts";

export interface WorkerOptions extends WorkerSettings {
  /** On 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Gives up starting when aborted. */
  readonly signal?: AbortSignal;
}

export interface RunningWorker {
  /** `http://127.0.0.1:8787`; services are told apart by `Host`. */
  readonly url: string;
  readonly port: number;
  readonly process: RunningProcess;
  /** Ends it and removes what it stored. */
  stop(): Promise<void>;
}

/**
 * Starts `wrangler dev` and waits until the Worker answers. Good for some hundreds of requests a second; for more see `startWorkerd`.
 *
 * @throws Error with what wrangler said when the Worker cannot be built or does not answer within a minute
 */
export async function startWorker(options: WorkerOptions = {}): Promise<RunningWorker> {
  const port = await portFor(options.port);
  const directory = await mkdtemp(join(tmpdir(), "fairlead-worker-"));
  const args = [
    "dev",
    `--config=${await writeWranglerConfig(options, directory)}`,
    "--ip=127.0.0.1",
    `--port=${port}`,
    "--inspector-port=0",
    `--persist-to=${join(directory, "state")}`,
    "--show-interactive-dev-session=false",
  ];
  const running = await startProcess({
    name: "wrangler dev",
    command: process.execPath,
    args: [WRANGLER, ...args],
    cwd: PROJECT,
    env: quietWrangler(directory),
    scratch: directory,
  });
  try {
    // A build that fails leaves wrangler waiting for somebody to mend it.
    const hasFailed = () => /\[ERROR\]|Build failed/.test(running.output());
    await waitUntilAnswering(port, running, { isPointless: hasFailed, signal: options.signal });
    if (hasFailed()) throw new Error(`The Worker could not be built:\n${running.output()}`);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, port, process: running, stop: () => running.stop() };
}

/** `wanted` if it is free, or any. A taken port would answer for the Worker. */
export async function portFor(wanted: number | undefined): Promise<number> {
  if (wanted !== undefined && !(await isPortFree(wanted))) throw new Error(`Expected port ${wanted} to be free`);
  return wanted ?? freePort();
}

/** Waits until something speaks HTTP on `port`, whatever it answers, or there is no more reason to wait. */
export async function waitUntilAnswering(
  port: number,
  running: RunningProcess,
  { isPointless, signal }: { readonly isPointless?: () => boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  await waitUntil(
    `the Worker answers on port ${port}`,
    async () => {
      if (isPointless?.() === true) return true;
      const answer = await fetch(`http://127.0.0.1:${port}/`, {
        redirect: "manual",
        signal: AbortSignal.timeout(3000),
      });
      await answer.body?.cancel();
      return true;
    },
    { timeoutMs: 60_000, alive: [running], signal },
  );
}
