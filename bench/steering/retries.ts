/** What retries and hedges cost and gain, with the real rules; origins are timers. */
import { setTimeout as sleep } from "node:timers/promises";
import { retrySchema } from "../../src/config/retry.ts";
import { race, type Runner } from "../../src/proxy/race.ts";
import { emptyHistogram, hedgeAfterMs, observeDuration } from "../../src/resilience/hedge.ts";
import { retryRefusal } from "../../src/resilience/retry.ts";
import { countRequest, emptyBudget, takeRetry, type RetryBudget } from "../../src/resilience/retry-budget.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { seeded } from "../../test/support/seeded.ts";

const RULE = retrySchema.parse({});

/** Every origin fails: how many attempts beyond the first a request makes. */
function failingRequest(budget: RetryBudget, nowMs: number): number {
  countRequest(budget, nowMs);
  for (let made = 1; ; made++) {
    const refusal = retryRefusal(RULE, {
      method: "GET",
      failure: "connection",
      status: null,
      made,
      leftMs: 30_000,
      replayable: true,
      deduplicated: false,
    });
    if (refusal !== null || !takeRetry(budget, RULE.budget, 0, nowMs)) return made - 1;
  }
}

export async function retryStorm(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const budget = emptyBudget();
  let retries = 0;
  for (let request = 0; request < 10_000; request++) retries += failingRequest(budget, 1_000_000 + request);
  report.figure({
    figure: "retries when every origin fails, 10,000 requests in 10 s, virtual clock",
    value: retries,
    unit: "retries",
    target: { atMost: 2030 },
  });

  const seconds = quick ? 3 : 12;
  const real = emptyBudget();
  let requests = 0;
  let sent = 0;
  const startedMs = Date.now();
  while (Date.now() - startedMs < seconds * 1000) {
    sent += failingRequest(real, Date.now());
    requests++;
    await sleep(Math.max(0, startedMs + requests * 5 - Date.now()));
  }
  // Seconds are those of the clock, so that the first and the last may be parts.
  const allowance = 0.2 * requests + 3 * (seconds + 1);
  report.figure({
    figure: `retries when every origin fails, 200 requests/s for ${seconds} s, over what budget and 3/s allow`,
    value: sent / allowance,
    unit: "x",
    target: { atMost: 1 },
  });
}

/** One of four origins answers a tenth of its requests in 1 s; round-robin, 400 requests/s. */
export async function hedging(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const requests = quick ? 1200 : 4000;
  const off = await traffic(requests, false);
  const on = await traffic(requests, true);
  report.figure({
    figure: "p99 with hedging, one of four origins slow in a tenth of its requests, against without",
    value: percentile(on.durationsMs, 99) / percentile(off.durationsMs, 99),
    unit: "x",
    target: { atMost: 0.1 },
  });
  report.figure({
    figure: "attempts that hedging adds",
    value: ((on.attempts - requests) * 100) / requests,
    unit: "%",
    target: { atMost: 7 },
  });
  report.table(
    [off, on].map(({ durationsMs, attempts }, index) => ({
      hedge: index === 0 ? "off" : "after p95",
      "p50 ms": percentile(durationsMs, 50),
      "p99 ms": percentile(durationsMs, 99),
      attempts,
    })),
  );
}

async function traffic(requests: number, hedged: boolean): Promise<{ durationsMs: number[]; attempts: number }> {
  const random = seeded(7);
  const rule = retrySchema.parse({ hedge: {} });
  const histogram = emptyHistogram();
  const budget = emptyBudget();
  let attempts = 0;
  const send = (): Runner<true> => {
    const origin = attempts++ % 4;
    const takesMs = origin === 0 && random() < 0.1 ? 1000 : 15 + random() * 20;
    const startedMs = performance.now();
    const abort = new AbortController();
    const outcome = sleep(takesMs, undefined, { signal: abort.signal })
      .catch(() => undefined)
      .then((): true => {
        observeDuration(histogram, performance.now() - startedMs);
        return true;
      });
    return { outcome, cancel: () => abort.abort() };
  };
  const one = async (): Promise<number> => {
    const startedMs = performance.now();
    countRequest(budget, Date.now());
    let left = hedged ? rule.hedge!.max : 0;
    const afterMs = hedged ? hedgeAfterMs(rule.hedge!, histogram) : Infinity;
    const first = send();
    if (afterMs === Infinity) await first.outcome;
    else {
      await race(first, {
        afterMs,
        another: () => (left-- > 0 && takeRetry(budget, rule.budget, 0, Date.now()) ? send() : null),
        isGood: () => true,
        lost: () => undefined,
      });
    }
    return performance.now() - startedMs;
  };
  const running: Promise<number>[] = [];
  const startedMs = performance.now();
  for (let request = 1; request <= requests; request++) {
    running.push(one());
    const aheadMs = startedMs + request * 2.5 - performance.now();
    if (aheadMs > 1) await sleep(aheadMs);
  }
  return { durationsMs: await Promise.all(running), attempts };
}

function percentile(values: readonly number[], percent: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * percent) / 100))]!;
}
