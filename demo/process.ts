/** Starts a process in a group of its own, collects what it says, and ends the whole group, grandchildren included. */
import { spawn, type ChildProcess } from "node:child_process";
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { guard } from "./guardian.ts";

const OUTPUT_LIMIT_CHARS = 256 * 1024;

export interface ProcessOptions {
  /** How messages call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Laid over this process's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A directory for this process alone; removed when it has ended. */
  readonly scratch?: string;
  /** Opens a channel for `child.send` and its `message` event. */
  readonly ipc?: boolean;
}

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves when the process has ended, however it came to. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Everything it wrote to stdout and stderr, in order of arrival (the last 256 Ki characters). */
  output(): string;
  /** Asks the group to end (SIGTERM), insists after `graceMs` (SIGKILL); resolves when none of them runs any more. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Starts a process as the leader of a new process group. When it ends, or this process ends in whatever way, what is left of the group is killed.
 *
 * @throws Error when the command cannot be started
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const child = spawn(options.command, [...options.args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe", ...(options.ipc === true ? (["ipc"] as const) : [])],
  });
  let text = "";
  const collect = (chunk: string) => {
    text = (text + chunk).slice(-OUTPUT_LIMIT_CHARS);
  };
  child.stdout?.setEncoding("utf8").on("data", collect);
  child.stderr?.setEncoding("utf8").on("data", collect);

  const exited = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(new Error(`${options.name} could not be started: ${error.message}`)));
  });
  const pid = child.pid!;
  const release = guard(pid, options.scratch);
  // A leader that dies alone would leave its children behind.
  const groupEnded = (async () => {
    await exited;
    await endGroup(pid, 0);
    if (options.scratch !== undefined) await rm(options.scratch, { recursive: true, force: true, maxRetries: 5 });
    release();
  })();

  return {
    name: options.name,
    pid,
    child,
    exited,
    output: () => text,
    async stop(graceMs = 3000) {
      await endGroup(pid, graceMs);
      await groupEnded;
    },
  };
}

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
  /** Processes that must stay alive meanwhile; the death of one ends the wait at once, with what it said. */
  readonly alive?: readonly RunningProcess[];
  /** Ends the wait when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Polls until `check` is true; a throw counts as "not yet".
 *
 * @param what completes "Expected ... within N ms"
 * @throws Error after `timeoutMs` (30 s by default), or when a process that must stay alive has ended
 */
export async function waitUntil(
  what: string,
  check: () => boolean | Promise<boolean>,
  options: WaitOptions = {},
): Promise<void> {
  const { timeoutMs = 30_000, intervalMs = 50, alive = [], signal } = options;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      if (await check()) return;
    } catch (error) {
      lastError = error;
    }
    const dead = alive.find((running) => running.child.exitCode !== null || running.child.signalCode !== null);
    if (dead !== undefined) throw new Error(`${describeExit(dead)} before ${what}\n${dead.output()}`.trimEnd());
    if (performance.now() > deadline) {
      const said = alive.map((running) => `\n${running.name} said:\n${running.output()}`).join("");
      throw new Error(`Expected ${what} within ${timeoutMs} ms${said}`.trimEnd(), { cause: lastError });
    }
    await sleep(intervalMs);
  }
}

/** `wrangler ended with code 1`, for a process that has ended. */
export function describeExit(running: RunningProcess): string {
  const { exitCode, signalCode } = running.child;
  return `${running.name} ended ${signalCode === null ? `with code ${exitCode}` : `by ${signalCode}`}`;
}

async function endGroup(pgid: number, graceMs: number): Promise<void> {
  if (graceMs > 0 && signalGroup(pgid, "SIGTERM")) {
    const deadline = performance.now() + graceMs;
    while (signalGroup(pgid, 0) && performance.now() < deadline) await sleep(20);
  }
  // What was killed runs no more, but stays visible until init has reaped it; some inits take seconds, so no longer wait for that.
  for (let attempt = 0; attempt < 15 && signalGroup(pgid, "SIGKILL"); attempt++) await sleep(20);
}

function signalGroup(pgid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pgid, signal);
    return true;
  } catch (error) {
    // ESRCH: no such group. EPERM: it exists but is not ours any more (macOS says so of zombies).
    return (error as NodeJS.ErrnoException).code === "EPERM" && signal === 0;
  }
}
