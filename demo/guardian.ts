/** Sees to it that no process group outlives this process, even if it is killed with SIGKILL: a second process holds a pipe to it. */
import { spawn, type ChildProcess } from "node:child_process";

/**
 * Runs in the guardian: learns of groups by lines `+pgid` and `-pgid`; when the pipe closes, its owner is gone and what is left is killed.
 * It stays in its own group, out of reach of the terminal's Ctrl-C.
 */
const GUARDIAN = `
const groups = new Set();
let rest = "";
process.stdin.setEncoding("utf8").on("data", (chunk) => {
  const lines = (rest + chunk).split("\\n");
  rest = lines.pop();
  for (const line of lines) line[0] === "+" ? groups.add(Number(line.slice(1))) : groups.delete(Number(line.slice(1)));
}).on("close", () => {
  for (const pgid of groups) try { process.kill(-pgid, "SIGKILL"); } catch {}
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
`;

let guardian: ChildProcess | undefined;

/** Hands a process group over to the guardian; the returned function takes it back once the group has ended. */
export function guard(pgid: number): () => void {
  const { stdin } = (guardian ??= startGuardian());
  stdin?.write(`+${pgid}\n`);
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
