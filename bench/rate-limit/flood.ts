/** A flood of keys that nobody has seen before: what an isolate remembers of it, and what regular clients notice. */
import { LimitMemory } from "../../src/proxy/limit-memory.ts";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Reporter } from "../figure.ts";

const FLOOD = 1_000_000;
const REGULARS = 500;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

export function measureFlood(report: Reporter): void {
  const memory = new LimitMemory({ getByName: noLimiter }, "bench", 100);
  const regulars = Array.from({ length: REGULARS }, (_, i) => memory.use(`regular-${i}`));
  for (let i = 0; i < REGULARS; i++) memory.use(`regular-${i}`);
  const beforeBytes = usedBytes();
  for (let i = 0; i < FLOOD; i++) memory.use(`ip\u0000192.0.2.${i}`);
  const grownMB = (usedBytes() - beforeBytes) / 1e6;
  const forgotten = regulars.filter((known, i) => memory.use(`regular-${i}`) !== known).length;
  report.figure({
    figure: "isolate memory after a flood of 1,000,000 keys",
    value: grownMB,
    unit: "MB",
    target: { atMost: 16 },
  });
  report.figure({
    figure: "regular keys forgotten in that flood",
    value: forgotten,
    unit: "keys",
    target: { equals: 0 },
  });
}

function usedBytes(): number {
  for (let i = 0; i < 3; i++) collectGarbage();
  return process.memoryUsage().heapUsed;
}

function noLimiter(): never {
  throw new Error("A flood of keys asks nobody");
}
