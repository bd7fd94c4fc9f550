import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countRequest, emptyBudget, oweRetry, takeRetry } from "../../src/resilience/retry-budget.ts";

const config = { ratio: 0.2, minPerSecond: 3 };

describe("the retry budget", () => {
  it("lets 10,000 failing requests in ten seconds retry 2,030 times at most", () => {
    const budget = emptyBudget();
    let retries = 0;
    for (let request = 0; request < 10_000; request++) {
      countRequest(budget, 1_000_000 + request);
      for (let attempt = 0; attempt < 2; attempt++) if (takeRetry(budget, config, 0, 1_000_000 + request)) retries++;
    }
    expect(retries).toBe(2030);
  });

  it("lets an idle isolate retry, but not when its region is over the ratio", () => {
    const budget = emptyBudget();
    countRequest(budget, 1000);
    expect(takeRetry(budget, config, 0.1, 1000)).toBe(true);
    expect(takeRetry(budget, config, 0.3, 1000)).toBe(false);
  });

  it("does not save the least allowance up for a burst", () => {
    const budget = emptyBudget();
    const burst = (nowMs: number) => [1, 2, 3, 4, 5].filter(() => takeRetry(budget, config, 0, nowMs)).length;
    expect(burst(1000)).toBe(3);
    expect(burst(9000)).toBe(3);
  });

  it("makes later retries wait for those that were made on credit", () => {
    const budget = emptyBudget();
    for (let request = 0; request < 100; request++) countRequest(budget, 1000);
    for (let retry = 0; retry < 20; retry++) oweRetry(budget, 1000);
    const none = { ratio: 0.2, minPerSecond: 0 };
    expect(takeRetry(budget, none, 0, 1000)).toBe(false);
    for (let request = 0; request < 5; request++) countRequest(budget, 2000);
    expect(takeRetry(budget, none, 0, 2000)).toBe(true);
  });

  it("recovers when the window has passed", () => {
    const budget = emptyBudget();
    const none = { ratio: 0.5, minPerSecond: 0 };
    countRequest(budget, 5000);
    countRequest(budget, 5000);
    expect(takeRetry(budget, none, 0, 5000)).toBe(true);
    expect(takeRetry(budget, none, 0, 5000)).toBe(false);
    countRequest(budget, 16_000);
    expect(takeRetry(budget, none, 0, 16_000)).toBe(false);
    countRequest(budget, 16_000);
    expect(takeRetry(budget, none, 0, 16_000)).toBe(true);
  });

  it("never gives more than its formula in any window that ends now, whatever the clock does", () => {
    const step = fc.record({ requests: fc.nat(5), tries: fc.nat(5), passMs: fc.integer({ min: -3000, max: 15_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = emptyBudget();
        const events: { second: number; requests: number; retries: number }[] = [];
        let nowMs = 100_000;
        let newestSecond = 0;
        for (const { requests, tries, passMs } of steps) {
          nowMs += passMs;
          newestSecond = Math.max(newestSecond, Math.floor(nowMs / 1000));
          for (let request = 0; request < requests; request++) countRequest(budget, nowMs);
          let retries = 0;
          for (let attempt = 0; attempt < tries; attempt++) if (takeRetry(budget, config, 0, nowMs)) retries++;
          events.push({ second: newestSecond, requests, retries });
          const inWindow = events.filter((event) => event.second > newestSecond - 10);
          const total = (key: "requests" | "retries") => inWindow.reduce((sum, event) => sum + event[key], 0);
          expect(total("retries")).toBeLessThanOrEqual(0.2 * total("requests") + 30);
        }
      }),
    );
  });
});
