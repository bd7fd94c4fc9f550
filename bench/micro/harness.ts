/** Measures sides that do the same thing: time and memory of one operation, interleaved, so that noise hits all alike. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { median } from "../statistics.ts";

export interface Side {
  readonly name: string;
  /** Does it `count` times. */
  run(count: number): void | Promise<void>;
}

export interface Cost {
  readonly name: string;
  readonly us: number;
  readonly bytes: number;
  /** us of each round; the i-th of all sides were measured next to each other. */
  readonly roundsUs: readonly number[];
}

/** The us of each round of a side, of so many operations each. */
interface Timed {
  readonly side: Side;
  readonly count: number;
  readonly roundsUs: readonly number[];
}

/** Of one round: long enough for the clock, short enough for many rounds. */
const ROUND_MS = 4;
/** So few that they fit into the young generation: what is collected meanwhile would not be counted. */
const ALLOCATING_RUNS = 2_000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

export async function measure(sides: readonly Side[], rounds: number): Promise<Cost[]> {
  const times = await time(sides, rounds);
  const costs: Cost[] = [];
  for (const { side, count, roundsUs } of times) {
    const bytes = await bytesOf(side, Math.min(ALLOCATING_RUNS, count));
    costs.push({ name: side.name, us: median(roundsUs), bytes, roundsUs });
  }
  return costs;
}

/** Time alone. */
export async function time(sides: readonly Side[], rounds: number): Promise<Timed[]> {
  const counts = new Map<Side, number>();
  for (const side of sides) counts.set(side, await runsIn(side, ROUND_MS));
  const times = new Map<Side, number[]>(sides.map((side) => [side, []]));
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const count = counts.get(side)!;
      const startedMs = performance.now();
      await side.run(count);
      times.get(side)!.push(((performance.now() - startedMs) * 1_000) / count);
    }
  }
  return sides.map((side) => ({ side, count: counts.get(side)!, roundsUs: times.get(side)! }));
}

/** How many fit into so many ms, once compiled. */
async function runsIn(side: Side, ms: number): Promise<number> {
  for (let count = 1; ; count *= 2) {
    const startedMs = performance.now();
    await side.run(count);
    const tookMs = performance.now() - startedMs;
    if (tookMs >= ms * 4) return Math.max(1, Math.round((count * ms) / tookMs));
  }
}

/** The least of several rounds, because the measuring itself allocates now and then. */
async function bytesOf(side: Side, runs: number): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < 7; round++) {
    collect();
    const before = process.memoryUsage().heapUsed;
    await side.run(runs);
    rounds.push((process.memoryUsage().heapUsed - before) / runs);
  }
  return Math.max(0, Math.min(...rounds));
}

/** Bytes of the heap that what is made holds on to; the median of five. */
export function retainedBytes(make: () => unknown): number {
  const kept: unknown[] = [];
  const bytes = Array.from({ length: 5 }, () => {
    collect();
    const before = process.memoryUsage().heapUsed;
    kept.push(make());
    collect();
    return process.memoryUsage().heapUsed - before;
  });
  return median(bytes);
}
