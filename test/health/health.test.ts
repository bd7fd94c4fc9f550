import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REGIONS, type Region } from "../../src/config/region.ts";
import { monitorSchema } from "../../src/config/monitor.ts";
import { globalVerdict, isHealthy, isNews, pollOf, verdictIn, type Voice } from "../../src/health/quorum.ts";
import { recordProbe, UNKNOWN_HEALTH, type RegionalHealth, type Verdict } from "../../src/health/thresholds.ts";
import { judgeProbe } from "../../src/health/verdict.ts";

const monitor = monitorSchema.parse({ consecutiveDown: 3, consecutiveUp: 2 });

/** Probes one after the other: `+` good, `-` bad. */
function after(signs: string, from: RegionalHealth = UNKNOWN_HEALTH): RegionalHealth {
  return signs
    .split("")
    .reduce<RegionalHealth>((health, sign) => recordProbe(health, { good: sign === "+", reason: sign }, monitor), from);
}

const judge = (answer: Parameters<typeof judgeProbe>[0], over: object = {}) =>
  judgeProbe(answer, monitorSchema.parse(over), 12);

describe("one probe", () => {
  it.each([
    [{ kind: "response", status: 200, body: null } as const, {}, true, "status 200"],
    [{ kind: "response", status: 404, body: null } as const, {}, true, "status 404"],
    [{ kind: "response", status: 500, body: null } as const, {}, false, "status 500"],
    [{ kind: "response", status: 526, body: null } as const, {}, false, "status 526: certificate not trusted"],
    [{ kind: "response", status: 404, body: null } as const, { expectedStatus: [200, "3xx"] }, false, "status 404"],
    [{ kind: "response", status: 200, body: "all ok" } as const, { expectedBody: "ok" }, true, "status 200"],
    [
      { kind: "response", status: 200, body: "bad" } as const,
      { expectedBody: "ok" },
      false,
      "status 200, expected text missing",
    ],
    [{ kind: "timeout" } as const, { timeoutMs: 700 }, false, "no answer in 700 ms"],
    [{ kind: "error", message: "connection refused" } as const, {}, false, "connection refused"],
    [{ kind: "connected" } as const, { type: "tcp" }, true, "connected"],
  ])("%j under %j is judged %s: %s", (answer, over, good, reason) => {
    expect(judge(answer, over)).toEqual({ good, reason, durationMs: 12 });
  });
});

describe("a region's verdict", () => {
  it("is up after the first good probe of an origin nobody knew", () => {
    expect(after("+").verdict).toBe("up");
    expect(after("--").verdict).toBe("unknown");
    expect(after("---").verdict).toBe("down");
  });

  it("goes down after `consecutiveDown` bad probes in a row, and no other way", () => {
    expect(after("+--+--+--").verdict).toBe("up");
    expect(after("+---")).toEqual({ verdict: "down", run: 0, reason: "-" });
  });

  it("comes back after `consecutiveUp` good probes in a row", () => {
    expect(after("+---+-+-").verdict).toBe("down");
    expect(after("+---++").verdict).toBe("up");
  });

  it("is never flipped from up by a single failed probe", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[+-]*$/), (signs) => {
        expect(after(`${signs}+++-`).verdict).toBe("up");
      }),
    );
  });
});

const votes = (...verdicts: Verdict[]) => new Map(verdicts.map((verdict, i) => [REGIONS[i] as Region, verdict]));

describe("the quorum", () => {
  it("needs over half of the regions that know something", () => {
    expect(globalVerdict(votes("down", "up"))).toBe("up");
    expect(globalVerdict(votes("down", "down", "up"))).toBe("down");
    expect(globalVerdict(votes("down", "unknown", "up", "unknown"))).toBe("up");
    expect(globalVerdict(votes("down", "unknown"))).toBe("down");
    expect(globalVerdict(votes("unknown"))).toBe("unknown");
  });

  it("leaves a region's own verdict standing, and speaks for those without one", () => {
    expect(verdictIn("down", "up")).toBe("down");
    expect(verdictIn("up", "down")).toBe("down");
    expect(verdictIn("unknown", "up")).toBe("up");
    expect(verdictIn("unknown", "unknown")).toBe("unknown");
  });
});

describe("an origin nobody has looked at", () => {
  it("is healthy if it came with the deployment", () => {
    expect(isHealthy("unknown", null, { mode: "active", graceSeconds: 0 }, 1000)).toBe(true);
  });

  it("gets no traffic if it was added at runtime, unless a grace says so", () => {
    const grace = (graceSeconds: number) => ({ mode: "passive-first", graceSeconds }) as const;
    expect(isHealthy("unknown", 1000, grace(0), 1000)).toBe(false);
    expect(isHealthy("unknown", 1000, grace(60), 60_999)).toBe(true);
    expect(isHealthy("unknown", 1000, grace(60), 61_000)).toBe(false);
    expect(isHealthy("up", 1000, grace(0), 2000)).toBe(true);
    expect(isHealthy("down", 1000, grace(60), 2000)).toBe(false);
  });

  it("gets traffic where nobody will ever look", () => {
    expect(isHealthy("unknown", 1000, { mode: "passive", graceSeconds: 0 }, 1000)).toBe(true);
  });
});

describe("the poll of regions about an origin", () => {
  const SILENT: Voice = { verdict: "unknown", successes: 0, failures: 0, unheardForMs: 0 };
  const votesOf = (...args: Parameters<typeof pollOf>) => Object.fromEntries(pollOf(...args).votes);

  it("takes what a hub says now before what its region told once, which stands where the hub has nothing to say", () => {
    const told = { weur: "down", enam: "down" } as const;
    expect(
      votesOf(told, [
        ["weur", { ...SILENT, verdict: "up" }],
        ["enam", SILENT],
      ]),
    ).toEqual({ weur: "up", enam: "down" });
  });

  it("counts traffic that is answered as up, and a region that knows nothing not at all", () => {
    const busy = { ...SILENT, successes: 9, failures: 1 };
    const failing = { ...SILENT, successes: 1, failures: 9 };
    expect(
      votesOf({}, [
        ["weur", busy],
        ["enam", failing],
        ["apac", SILENT],
      ]),
    ).toEqual({ weur: "up" });
  });

  it("waits for regions not heard yet where their word could keep the origin up, and only there", () => {
    const unheard = (ms: number) => ({ ...SILENT, unheardForMs: ms });
    const waits = (...args: Parameters<typeof pollOf>) => pollOf(...args).askAgainMs;
    expect(
      waits({ weur: "down" }, [
        ["enam", unheard(300)],
        ["apac", unheard(700)],
      ]),
    ).toBe(700);
    expect(waits({ weur: "down", apac: "down" }, [["enam", unheard(300)]])).toBe(0);
    expect(waits({ weur: "up" }, [["enam", unheard(300)]])).toBe(0);
    // Another hub of the region knows.
    const down = { ...SILENT, verdict: "down" } as const;
    expect(
      waits({}, [
        ["weur", unheard(300)],
        ["weur", down],
      ]),
    ).toBe(0);
  });
});

describe("a region's verdict is told to the world", () => {
  it.each<[own: Verdict, global: Verdict, news: boolean]>([
    ["down", "unknown", true],
    ["down", "up", true],
    ["down", "down", false],
    ["up", "down", true],
    ["up", "up", false],
    ["up", "unknown", false],
    ["unknown", "down", false],
  ])("%s where the world thinks %s: %s", (own, global, news) => {
    expect(isNews(own, global, null)).toBe(news);
  });

  it("when it is the first on an origin that was added at runtime", () => {
    expect(isNews("up", "unknown", 1)).toBe(true);
    expect(isNews("unknown", "unknown", 1)).toBe(false);
    expect(isNews("up", "up", 1)).toBe(false);
  });
});

it("an origin nobody knows is up after its first good probe, bad ones before it or not", () => {
  expect([after("+").verdict, after("-+").verdict, after("--+").verdict]).toEqual(["up", "up", "up"]);
});
