import { describe, expect, it } from "vitest";
import type { RunTopic } from "../../bench/figure.ts";
import { allMet, runTopics } from "../../bench/run-topics.ts";

const loaders = (topics: Record<string, RunTopic>) =>
  new Map(Object.entries(topics).map(([name, run]) => [name, async () => ({ run })]));

const reports =
  (value: number): RunTopic =>
  async (report) => {
    report.figure({ figure: "f", value, unit: "calls", target: { equals: 0 } });
  };

async function outcome(topics: Record<string, RunTopic>) {
  const lines: string[] = [];
  const results = await runTopics(loaders(topics), Object.keys(topics), { quick: false, write: false }, (line) =>
    lines.push(line),
  );
  return { met: allMet(results), results, text: lines.join("\n") };
}

describe("running topics", () => {
  it("is content only when every figure of every topic is met", async () => {
    expect((await outcome({ a: reports(0), b: reports(0) })).met).toBe(true);
    expect((await outcome({ a: reports(0), b: reports(1) })).met).toBe(false);
  });

  it("runs the others when one could not be measured, and still fails", async () => {
    const { met, results, text } = await outcome({
      a: () => Promise.reject(new Error("no wrk here")),
      b: reports(0),
    });
    expect(met).toBe(false);
    expect(text).toContain("no wrk here");
    expect(results[1]!.figures).toHaveLength(1);
  });

  it("fails a topic that leaves a rejection to nobody, and runs the others", async () => {
    const careless: RunTopic = async (report, options) => {
      void Promise.reject(new Error("connection lost"));
      await reports(0)(report, options);
    };
    const { met, results } = await outcome({ careless, b: reports(0) });
    expect(met).toBe(false);
    expect(results[0]!.failure).toContain("connection lost");
    expect(results[1]!.failure).toBe(null);
  });

  it("fails a topic that reports nothing, since it could never miss", async () => {
    expect((await outcome({ a: async () => {} })).met).toBe(false);
  });

  it("loads only the topics asked for", async () => {
    const map = new Map([
      ["a", async () => ({ run: reports(0) })],
      ["b", () => Promise.reject(new Error("loaded"))],
    ]);
    expect(allMet(await runTopics(map, ["a"], { quick: false, write: false }, () => {}))).toBe(true);
  });
});
