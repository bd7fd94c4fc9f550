/** Sees to it that no process group, nor its directory, outlives this process, even if it is killed with SIGKILL: a second process holds a pipe to it. */
import { spawn, type ChildProcess } from "node:child_process";

/**
 * Runs in the guardian: learns of groups by lines `+pgid directory` and `-pgid`; when the pipe closes, its owner is gone, and what is
 * left is killed and its directory removed. It stays in its own group, out of reach of the terminal's Ctrl-C.
 */
const GUARDIAN = `
const { rmSync } = require("node:fs");
const groups = new Map();
let rest = "";
process.stdin.setEncoding("utf8").on("data", (chunk) => {
  const lines = (rest + chunk).split("\\n");
  rest = lines.pop();
  for (const line of lines) {
    const [, sign, pgid, directory] = /^([+-])(\\d+) ?(.*)$/.exec(line);
    sign === "+" ? groups.set(Number(pgid), directory) : groups.delete(Number(pgid));
  }
}).on("close", () => {
  for (const pgid of groups.keys()) try { process.kill(-pgid, "SIGKILL"); } catch {}
  for (const directory of groups.values()) if (directory !== "") rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
`;

let guardian: ChildProcess | undefined;

/**
 * Hands a process group, and a directory that is its own, over to the guardian.
 *
 * @returns takes both back; to be called once the group has ended and the directory is gone
 */
export function guard(pgid: number, directory = ""): () => void {
  const { stdin } = (guardian ??= startGuardian());
  stdin?.write(`+${pgid} ${directory}\n`);
  return () => void stdin?.write(`-${pgid}\n`);
}

function startGuardian(): ChildProcess {
  const child = spawn(process.execPath, ["-e", GUARDIAN], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  // It must not keep its owner's event loop alive, nor take it down if it is killed.
  child.unref();
  child.stdin.on("error", () => {});
  (child.stdin as unknown as { unref(): void }).unref();
  return child;
}
