import { describe, expect, it } from "vitest";
import { race, type Runner } from "../../src/proxy/race.ts";

interface Told {
  readonly name: string;
  readonly good: boolean;
}

/** A runner that ends by itself after some time, and remembers being cancelled. */
function runner(name: string, afterMs: number, good: boolean, cancelled: string[] = []): Runner<Told> {
  return {
    outcome: new Promise((resolve) => void setTimeout(() => resolve({ name, good }), afterMs)),
    cancel: () => void cancelled.push(name),
  };
}

function run(first: Runner<Told>, others: Runner<Told>[], afterMs = 20) {
  const lost: string[] = [];
  const started: number[] = [];
  const outcome = race(first, {
    afterMs,
    another: () => {
      started.push(1);
      return others.shift() ?? null;
    },
    isGood: (told) => told.good,
    lost: (told) => void lost.push(told.name),
  });
  return { outcome, lost, started };
}

describe("a race of attempts", () => {
  it("sends nobody else while the first is in time", async () => {
    const { outcome, started } = run(runner("a", 1, true), []);
    expect((await outcome).name).toBe("a");
    expect(started).toEqual([]);
  });

  it("takes the first good answer and cancels the loser", async () => {
    const cancelled: string[] = [];
    const { outcome } = run(runner("slow", 500, true, cancelled), [runner("quick", 30, true, cancelled)]);
    expect((await outcome).name).toBe("quick");
    expect(cancelled).toEqual(["slow"]);
  });

  it("waits for the other when one fails", async () => {
    const { outcome, lost } = run(runner("bad", 40, false), [runner("good", 90, true)]);
    expect((await outcome).name).toBe("good");
    expect(lost).toEqual(["bad"]);
  });

  it("gives the last bad answer when all are bad, and asks for no more than there are", async () => {
    const { outcome, started } = run(runner("bad", 90, false), [], 10);
    expect((await outcome).name).toBe("bad");
    expect(started).toHaveLength(1);
  });
});
