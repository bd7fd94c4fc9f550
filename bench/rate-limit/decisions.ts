/** What a decision costs in CPU time: the pure algorithms beside rate-limiter-flexible, and a leased one that needs no call. */
import { RateLimiterMemory } from "rate-limiter-flexible";
import { leasedCounter } from "../../src/proxy/limit-leased.ts";
import { LimitMemory } from "../../src/proxy/limit-memory.ts";
import { createMeter } from "../../src/rate-limit/algorithms.ts";
import { Ledger } from "../../src/rate-limit/ledger.ts";
import type { TakeRequest } from "../../src/rate-limit/messages.ts";
import { ALGORITHMS, type AlgorithmName, type Rule } from "../../src/rate-limit/meter.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

/** One side: decides `count` times. */
interface Side {
  readonly name: string;
  run(count: number): void | Promise<void>;
}

export async function measureDecisions(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const rounds = quick ? 5 : 15;
  const count = quick ? 20_000 : 100_000;
  const library = flexible();
  const pure = ALGORITHMS.map(meterSide);
  const leased = await leasedSide();
  const sides = [...pure, library, leased];
  const times = new Map(sides.map((side) => [side, [] as number[]]));
  for (const side of sides) await side.run(count);
  // Interleaved, so that what the machine does meanwhile hits every side alike.
  for (let round = 0; round < rounds; round++) {
    for (const side of sides) {
      const startedMs = performance.now();
      await side.run(count);
      times.get(side)!.push(((performance.now() - startedMs) * 1_000) / count);
    }
  }
  const medianUs = (side: Side) => times.get(side)!.toSorted((a, b) => a - b)[rounds >> 1]!;
  report.table(
    sides.map((side) => ({
      decision: side.name,
      "us (median)": medianUs(side),
      "x library": medianUs(side) / medianUs(library),
    })),
  );
  report.note("nine of ten decisions refuse; rate-limiter-flexible answers by promises, the meters at once");
  for (const side of pure)
    report.figure({ figure: `pure decision, ${side.name}`, value: medianUs(side), unit: "us", target: { atMost: 1 } });
  report.figure({
    figure: "slowest pure decision, of rate-limiter-flexible in memory",
    value: Math.max(...pure.map(medianUs)) / medianUs(library),
    unit: "x",
    target: { atMost: 1 },
  });
  report.figure({
    figure: "leased decision that needs no call",
    value: medianUs(leased),
    unit: "us",
    target: { atMost: 5 },
  });
}

/** Nine of ten decisions refuse, as under attack; time moves on a millisecond every ten. */
function meterSide(algorithm: AlgorithmName): Side {
  const rule: Rule = { algorithm, limit: 1_000, windowMs: 10_000, burst: 1_000 };
  const meter = createMeter(algorithm);
  let decisions = 0;
  let atMs = 1_700_000_000_000;
  return {
    name: algorithm,
    run(count) {
      for (let i = 0; i < count; i++) {
        if (++decisions % 10 === 0) atMs++;
        if (meter.available(rule, atMs) >= 1) meter.charge(rule, 1, atMs, atMs);
        else meter.waitMs(rule, 1, atMs);
        if (algorithm === "concurrency" && decisions % 10 === 0) meter.finish(rule, 1, 0, atMs, atMs);
      }
    },
  };
}

function flexible(): Side {
  const limiter = new RateLimiterMemory({ points: 1_000, duration: 10 });
  return {
    name: "rate-limiter-flexible (fixed window)",
    async run(count) {
      for (let i = 0; i < count; i++) {
        try {
          await limiter.consume("key");
        } catch {
          // Over the limit: it says so by rejecting.
        }
      }
    },
  };
}

/** The isolate's whole step for one key: memory, lease, prefetch, against a ledger in this process. */
async function leasedSide(): Promise<Side> {
  const rule: Rule = { algorithm: "token-bucket", limit: 1_000_000_000, windowMs: 1_000, burst: 1_000_000_000 };
  const ledger = Ledger.create(rule);
  const limiter = {
    take: (request: TakeRequest) => Promise.resolve(ledger.take(request, Date.now()).answer),
    giveBack: () => Promise.resolve(),
  };
  const memory = new LimitMemory({ getByName: () => limiter }, "bench", 100);
  const counter = leasedCounter(memory);
  const background = { waitUntil: (work: Promise<unknown>) => void work };
  const decide = () => counter.reserve("key", 1, rule, background);
  // Until slices are as large as the demand, and requests are answered at once.
  for (let i = 0; i < 50_000; i++) await decide();
  return {
    name: "leased, no call",
    async run(count) {
      for (let i = 0; i < count; i++) {
        const reservation = decide();
        if (reservation instanceof Promise) await reservation;
      }
      // Calls in the background are answered between the runs.
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}
