/** CPU time a process has used, its threads included. */
import { readFileSync } from "node:fs";

/** Linux counts in ticks of 1/100 s on every architecture that matters (`getconf CLK_TCK`). */
const MICROSECONDS_PER_TICK = 10_000;

/** @returns microseconds of user and system time since the process started; NaN where there is no /proc */
export function cpuMicroseconds(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return Number.NaN;
  }
  return parseCpu(stat);
}

/** Fields 14 and 15 of proc(5); the command name before them may hold spaces and parentheses. */
export function parseCpu(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
}
