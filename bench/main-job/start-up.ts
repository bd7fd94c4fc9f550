/** The CPU that the Worker's start-up takes in a real workerd: its modules compiled and run to their end, no request yet. */
import { readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../demo/ports.ts";
import { startProcess, waitUntil, type RunningProcess } from "../../demo/process.ts";
import type { WorkerBundle } from "../../demo/worker-bundle.ts";
import { WORKERD, workerLiteral } from "../../demo/workerd.ts";
import { cpuMicroseconds } from "../hot-path/cpu.ts";

/** A Worker that starts another as Cloudflare and `wrangler check startup` do, by importing its entry; which one, the request says. */
const STARTER = `export default {
  async fetch(request) {
    await import(new URL(request.url).pathname.slice(1));
    return new Response("started");
  },
};`;

/** Each is imported once, so each is a start of its own. */
const EMPTY = ["warm-up.mjs", "empty.mjs"] as const;

/**
 * Starts the Worker `starts` times, each time in a new process, and beside it an empty one in the same process.
 *
 * @returns for each start, the milliseconds of CPU that all threads of workerd used more than for the empty Worker
 * @throws Error where the CPU of a process cannot be read (it takes Linux's /proc), or the Worker does not start
 */
export async function startUpCpuMs(bundle: WorkerBundle, starts: number): Promise<number[]> {
  const directory = await mkdtemp(join(tmpdir(), "fairlead-start-up-"));
  try {
    const source = join(directory, "source");
    await Promise.all([mkdir(source), mkdir(join(directory, "storage"))]);
    await writeFile(join(source, "starter.mjs"), STARTER);
    for (const name of EMPTY) await writeFile(join(source, name), "export default {};");
    for (const name of bundle.modules) await copyFile(join(bundle.directory, name), join(source, name));
    const modules = ["starter.mjs", ...EMPTY, ...bundle.modules];
    const literal = workerLiteral({ directory: source, modules }, directory, { outbound: "nowhere" });
    const measured: number[] = [];
    for (let start = 0; start < starts; start++) {
      const isFirst = start % 2 === 0;
      measured.push(await startOnce(literal, directory, bundle.modules[0]!, isFirst));
    }
    return measured;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @param isFirst whether the Worker starts before the empty one */
async function startOnce(literal: string, directory: string, entry: string, isFirst: boolean): Promise<number> {
  const address = `127.0.0.1:${await freePort()}`;
  const path = join(directory, "workerd.capnp");
  await writeFile(path, serverConfig(literal, address, directory));
  const running = await startProcess({ name: "workerd", command: WORKERD, args: ["serve", path] });
  try {
    const [warmUp, empty] = EMPTY;
    await waitUntil("workerd to answer", () => start(address, warmUp), { alive: [running] });
    const cpuMs = new Map<string, number>();
    for (const module of isFirst ? [entry, empty] : [empty, entry]) {
      const before = cpuMsOf(running);
      await start(address, module);
      cpuMs.set(module, cpuMsOf(running) - before);
    }
    return cpuMs.get(entry)! - cpuMs.get(empty)!;
  } finally {
    await running.stop();
  }
}

async function start(address: string, module: string): Promise<true> {
  const answer = await fetch(`http://${address}/${module}`);
  const text = await answer.text();
  if (text !== "started") throw new Error(`Expected ${module} to start, got ${answer.status}: ${text}`);
  return true;
}

/**
 * CPU that a process has used, of all its threads, to the nanosecond where the kernel says, else in ticks of 10 ms.
 *
 * @throws Error where there is no /proc
 */
export function cpuMsOf({ pid }: RunningProcess): number {
  const cpuMs = byThread(pid) ?? cpuMicroseconds(pid) / 1_000;
  if (Number.isNaN(cpuMs)) throw new Error("Expected /proc to tell a process's CPU time, it does not");
  return cpuMs;
}

/** First field of proc(5)'s schedstat: nanoseconds on a processor. */
function byThread(pid: number): number | null {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanos = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
    );
    return nanos.reduce((sum, value) => sum + value, 0) / 1e6;
  } catch {
    return null;
  }
}

function serverConfig(literal: string, address: string, directory: string): string {
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = ${literal}),
    (name = "nowhere", network = (allow = [])),
    (name = "storage", disk = (path = ${JSON.stringify(join(directory, "storage"))}, writable = true)),
  ],
  sockets = [(name = "worker", address = "${address}", http = (), service = "worker")],
);
`;
}
