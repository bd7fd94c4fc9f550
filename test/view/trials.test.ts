import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Permit, SettledPermit } from "../../src/agreement/protocol.ts";
import type { ServiceState } from "../../src/steering/availability.ts";
import { Trials } from "../../src/view/trials.ts";
import { origin } from "../steering/support.ts";

const standing = { pool: {}, origin: origin("o1", { breaker: "half-open" }) };
const service = { halfOpen: [standing] } as unknown as ServiceState;

/** An isolate whose hub answers with what is put into `answers`, one an asking. */
function setUp() {
  const answers: (Permit | null | Error)[] = [];
  const asked: string[] = [];
  const settled: SettledPermit[] = [];
  const tasks: Promise<unknown>[] = [];
  const trials = new Trials({
    takePermit: async (id) => {
      asked.push(id);
      const answer = answers.shift() ?? null;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    settle: (outcome) => void settled.push(outcome),
    clock: Date.now,
  });
  const begin = (canMoveOn = true) => trials.begin(service, canMoveOn, (task) => void tasks.push(task));
  return { answers, asked, settled, tasks, begin };
}

const permit = (id: string): Permit => ({ id, origin: "o1", useWithinMs: 3000, deadlineMs: 10_000 });

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

describe("a trial", () => {
  it("is made by a later request than the one that had the permit fetched", async () => {
    const { answers, settled, begin } = setUp();
    answers.push(permit("p1"));
    expect(begin()).toBeNull();
    await vi.advanceTimersByTimeAsync(5);
    const trial = begin();
    expect(trial).toMatchObject({ origin: { id: "o1" }, deadlineMs: 10_000 });
    trial!.settle("success");
    expect(settled).toEqual([{ id: "p1", origin: "o1", outcome: "success" }]);
    expect(begin()).toBeNull();
  });

  it("is left to a request that can move on to another origin, for half of the permit's time", async () => {
    const { answers, begin } = setUp();
    answers.push(permit("p1"));
    begin();
    await vi.advanceTimersByTimeAsync(1000);
    expect(begin(false)).toBeNull();
    await vi.advanceTimersByTimeAsync(600);
    expect(begin(false)).not.toBeNull();
  });
});

describe("a permit", () => {
  it("that nobody uses is given back when its time is over, whatever the clock says", async () => {
    const { answers, settled, tasks, begin } = setUp();
    answers.push(permit("p1"));
    begin();
    await vi.advanceTimersByTimeAsync(1000);
    vi.setSystemTime(Date.now() - 900);
    await vi.advanceTimersByTimeAsync(2000);
    await Promise.all(tasks);
    expect(settled).toEqual([{ id: "p1", origin: "o1", outcome: "ignored" }]);
    expect(begin()).toBeNull();
  });

  it("is not used after the clock was set back behind the asking", async () => {
    const { answers, settled, begin } = setUp();
    answers.push(permit("p1"));
    begin();
    await vi.advanceTimersByTimeAsync(10);
    vi.setSystemTime(Date.now() - 60_000);
    expect(begin()).toBeNull();
    expect(settled).toEqual([{ id: "p1", origin: "o1", outcome: "ignored" }]);
  });

  it("is asked for at most every 200 ms, and not while one is held", async () => {
    const { answers, asked, begin } = setUp();
    for (let i = 0; i < 10; i++) begin();
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    answers.push(permit("p1"));
    begin();
    await vi.advanceTimersByTimeAsync(1000);
    begin(false);
    expect(asked).toHaveLength(2);
  });

  it("that cannot be had costs nothing: the hub is away", async () => {
    const { answers, tasks, begin } = setUp();
    answers.push(new Error("hub is away"));
    expect(begin()).toBeNull();
    await expect(Promise.all(tasks)).resolves.toBeDefined();
    expect(begin()).toBeNull();
  });
});
