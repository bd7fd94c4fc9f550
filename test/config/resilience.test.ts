import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/define.ts";
import { originSettings } from "../../src/config/origin-settings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { statusMatcher } from "../../src/config/status-matcher.ts";

function config(service: object, pool: object = {}) {
  const pools = { p: { region: "enam", origins: [{ id: "o1", url: "http://a.test" }], ...pool } };
  return defineConfig({ services: { s: { hosts: ["a.test"], pools, ...service } } } as ConfigInput);
}

const settings = (service: object, pool: object = {}) => originSettings(config(service, pool)).get("o1")!;

describe("breaker, ramp and monitor", () => {
  it("have the documented defaults", () => {
    const { breaker, ramp, monitor } = settings({});
    expect(breaker).toMatchObject({
      enabled: true,
      consecutiveFailures: 5,
      failureRatio: 0.5,
      windowSeconds: 10,
      minimumRequests: 20,
      openSeconds: 30,
      maxOpenSeconds: 300,
      trialPermits: 3,
      successThreshold: 2,
      failures: { timeouts: true, resets: true },
    });
    expect(ramp).toEqual({ stepSeconds: 10, successRatio: 0.8 });
    expect(monitor).toMatchObject({ mode: "passive-first", intervalSeconds: 10, consecutiveDown: 3, consecutiveUp: 2 });
  });

  it("lay a pool's differences over the service's, and nothing else", () => {
    const { breaker, monitor } = settings(
      { breaker: { openSeconds: 5, failures: { resets: false } }, monitor: { path: "/up" } },
      { breaker: { trialPermits: 1 }, monitor: { intervalSeconds: 60 } },
    );
    expect(breaker).toMatchObject({ openSeconds: 5, trialPermits: 1, failures: { resets: false, timeouts: true } });
    expect(monitor).toMatchObject({ path: "/up", intervalSeconds: 60 });
  });

  it("bound an attempt by the shorter of the two deadlines", () => {
    expect(settings({ timeouts: { firstByteMs: 9000, totalMs: 4000 } }).attemptMs).toBe(4000);
  });
});

describe("a rule across fields names the field", () => {
  it.each([
    [{ breaker: { slowMs: 100 } }, {}, "Expected `services.s.breaker.slowRatio` to be given together with `slowMs`"],
    [{ breaker: { slowRatio: 0.5 } }, {}, "Expected `services.s.breaker.slowMs` to be given together"],
    [
      { breaker: { openSeconds: 400 } },
      {},
      "Expected `services.s.breaker.maxOpenSeconds` to be at least `openSeconds`",
    ],
    [{}, { breaker: { openSeconds: 400 } }, "Expected `services.s.pools.p.breaker.maxOpenSeconds` to be at least"],
    [{ monitor: { type: "tcp", expectedBody: "ok" } }, {}, "Expected `services.s.monitor.expectedBody` to be absent"],
    [
      { monitor: { consecutiveDown: 1 } },
      {},
      "Expected `services.s.monitor.consecutiveDown` to be a number >= 2, got 1",
    ],
    [{ breaker: { trialPermits: 0 } }, {}, "Expected `services.s.breaker.trialPermits` to be a number >= 1, got 0"],
    [{ breaker: { failures: { statuses: ["5x"] } } }, {}, "Expected `services.s.breaker.failures.statuses.0` to be"],
    [{}, { ramp: { steps: 3 } }, "Expected `services.s.pools.p.ramp.steps` to be absent (no such field), got 3"],
  ])("%j, pool %j", (service, pool, message) => {
    expect(() => config(service, pool)).toThrow(message);
  });
});

describe("status patterns", () => {
  it("match a status, a class and ten at once", () => {
    const matches = statusMatcher([503, "52x", "4xx"]);
    const all = Array.from({ length: 600 }, (_, status) => status).filter(matches);
    expect(all.filter((status) => status >= 500)).toEqual([503, 520, 521, 522, 523, 524, 525, 526, 527, 528, 529]);
    expect(all.filter((status) => status < 500)).toHaveLength(100);
    expect(matches(999)).toBe(false);
  });
});
