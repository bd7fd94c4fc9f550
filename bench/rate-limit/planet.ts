/** What the model of the planet says: over the limit, admitted, calls and rows, with the real rules inside. */
import type { AlgorithmName, Rule } from "../../src/rate-limit/meter.ts";
import { CALM, runPlanet, unitsOver, WEATHERS } from "../../test/rate-limit/planet.ts";
import { seeded } from "../../test/support/seeded.ts";
import type { Reporter, Row, TopicOptions } from "../figure.ts";

const ALGORITHMS: readonly AlgorithmName[] = ["sliding-window", "sliding-log", "token-bucket", "fixed-window"];

export function measurePlanet(report: Reporter, { quick }: TopicOptions): void {
  measureHammering(report, quick);
  measureCost(report, quick);
}

/** Twelve isolates, one key, ten times the limit; then the same in every weather of the model. */
function measureHammering(report: Reporter, quick: boolean): void {
  const rows: Row[] = [];
  for (const algorithm of ALGORITHMS) {
    const rule: Rule = { algorithm, limit: 1_000, windowMs: 10_000, burst: 1_000 };
    for (const mode of ["leased", "exact"] as const) {
      const hammer = { rule, mode, isolates: 12, demand: () => 1_000, cost: 1 };
      const calm = runPlanet({ ...hammer, forMs: quick ? 50_000 : 200_000, weather: CALM, random: seeded(1) });
      let over = unitsOver(rule, calm.admitted);
      WEATHERS.forEach((weather, seed) => {
        const { admitted } = runPlanet({ ...hammer, forMs: 40_000, weather, random: seeded(seed) });
        over = Math.max(over, unitsOver(rule, admitted));
      });
      const windows = calm.asked / 10_000;
      const promised = windows * rule.limit + (algorithm === "token-bucket" ? rule.burst : 0);
      const share = calm.admitted.length / promised;
      rows.push({
        algorithm,
        mode,
        "over limit": over,
        "admitted of limit %": share * 100,
        "calls per 1,000 requests": (calm.calls * 1_000) / calm.asked,
      });
      report.figure({
        figure: `admitted over limit, ${algorithm}, ${mode}, 12 isolates at 10x, all weathers (model)`,
        value: over,
        unit: "units",
        target: { equals: 0 },
      });
      if (mode === "leased")
        report.figure({
          figure: `admitted at 10x demand, leased, ${algorithm} (model)`,
          value: share * 100,
          unit: "% of limit",
          target: { atLeast: 97 },
        });
    }
  }
  report.table(rows);
}

/** One key at 1,000 requests a second under a limit of 10,000 a second. */
function measureCost(report: Reporter, quick: boolean): void {
  const rows: Row[] = [];
  const cost = (rule: Rule, isolates: number) => {
    const forMs = quick ? 30_000 : 120_000;
    const trial = { rule, mode: "leased", isolates, demand: () => 1_000, cost: 1, forMs, weather: CALM } as const;
    const { asked, calls, rows: written, admitted } = runPlanet({ ...trial, random: seeded(7) });
    const line = {
      limit: `${rule.limit} in ${rule.windowMs / 1_000} s, ${rule.algorithm}`,
      isolates,
      "calls per 1,000": (calls * 1_000) / asked,
      "rows per 1,000,000": (written * 1_000_000) / asked,
      "turned away": asked - admitted.length,
    };
    rows.push(line);
    return line;
  };
  const second = cost({ algorithm: "sliding-window", limit: 10_000, windowMs: 1_000, burst: 1 }, 1);
  report.figure({
    figure: "Durable Object calls per 1,000 requests, leased, 1,000/s of 10,000/s (model)",
    value: second["calls per 1,000"],
    unit: "calls",
    target: { atMost: 2 },
  });
  report.figure({
    figure: "rows written per 1,000,000 requests, leased (model)",
    value: second["rows per 1,000,000"],
    unit: "rows",
    target: { atMost: 2_000 },
  });
  for (const algorithm of ALGORITHMS.slice(1)) cost({ algorithm, limit: 10_000, windowMs: 1_000, burst: 10_000 }, 1);
  for (const windowMs of [10_000, 60_000]) {
    for (const isolates of [1, 4, 12])
      cost({ algorithm: "sliding-window", limit: windowMs * 10, windowMs, burst: 1 }, isolates);
  }
  report.table(rows);
}
