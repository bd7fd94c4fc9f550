/** What tests of real processes ask of the machine: is anything left, is a port taken. */
import { readFileSync, readdirSync } from "node:fs";

/** Ids of live processes (Linux) whose environment carries `NAME=value`: children inherit it, so none escapes by changing its group. */
export function processesWithEnvironment(name: string, value: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`${name}=${value}`);
      } catch {
        return false; // Ended meanwhile, or not ours.
      }
    });
}

/** A process's command line (Linux), arguments separated by spaces; empty when it has ended. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}
