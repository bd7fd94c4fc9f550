import { describe, expect, it } from "vitest";
import type { Visit } from "../../demo/relay.ts";
import { hasPassed } from "../../demo/scenario.ts";
import { flappingReport, mostAtOnce, trialVisits, type FlappingStory } from "../../demo/scenarios/flapping-report.ts";
import type { Scope, Transition } from "../../src/resilience/origin-history.ts";

const visit = (beganMs: number, endedMs = beganMs + 100, region = "weur"): Visit => ({ region, beganMs, endedMs });

const change = (atMs: number, scope: Scope, from: Transition["from"], to: Transition["to"]): Transition => ({
  atMs,
  scope,
  from,
  to,
  reason: "",
});

const TRANSITIONS = [
  change(10_000, "weur", "closed", "open"),
  change(12_000, "world", "closed", "open"),
  change(14_000, "world", "open", "half-open"),
  change(15_000, "world", "half-open", "open"),
  change(20_000, "world", "open", "half-open"),
  change(21_000, "world", "half-open", "closed"),
];

describe("a visit is a trial", () => {
  it("when its region was out and had a second to hear of it", () => {
    const visits = [visit(9_000), visit(10_500), visit(11_000), visit(14_500), visit(20_500), visit(21_000)];
    expect(trialVisits(visits, TRANSITIONS).map(({ beganMs }) => beganMs)).toEqual([11_000, 14_500, 20_500]);
  });

  it("in a region that was not out itself, only once the world was", () => {
    const visits = [11_500, 12_500, 13_000].map((beganMs) => visit(beganMs, beganMs + 100, "apac"));
    expect(trialVisits(visits, TRANSITIONS).map(({ beganMs }) => beganMs)).toEqual([13_000]);
  });
});

it("counts visits as under way at once when they may have been", () => {
  expect(mostAtOnce([])).toBe(0);
  expect(mostAtOnce([visit(0), visit(50), visit(100), visit(300)])).toBe(3);
  expect(mostAtOnce([visit(0, Infinity), visit(500)])).toBe(2);
});

/** Looks come close after one another. */
const unseenMs = 60;

const ADMISSIONS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** Ejected at 12 s, tried, on the ramp from 21 s to 30 s, kept until 35 s. */
function story(over: Partial<FlappingStory> = {}): FlappingStory {
  return {
    originId: "use1",
    trialPermits: 3,
    asked: Array.from({ length: 350 }, (_, i) => ({
      city: "Frankfurt",
      sentMs: i * 100,
      originId: i > 120 && i < 300 ? "usw1" : "use1",
      error: undefined,
    })),
    visits: [visit(5_000), visit(20_100), visit(20_100), visit(20_100)],
    transitions: TRANSITIONS,
    spells: [
      { fromMs: 0, unseenMs: 0, kind: "well", admission: 1 },
      { fromMs: 10_000, unseenMs, kind: "failing", admission: 1 },
      { fromMs: 12_000, unseenMs, kind: "out", admission: 1 },
      ...ADMISSIONS.map((admission, i) => ({ fromMs: 21_000 + i * 1_000, unseenMs, kind: "ramp" as const, admission })),
      { fromMs: 30_000, unseenMs, kind: "kept", admission: 1 },
    ],
    stepMs: 1_000,
    failingSinceMs: 10_000,
    endMs: 35_000,
    ...over,
  };
}

const broken = (over: Partial<FlappingStory>) =>
  flappingReport(story(over))
    .checks.filter(({ kept }) => !kept)
    .map(({ promise }) => promise);

describe("the report of a flapping origin", () => {
  it("keeps every promise when all went well, and says how long it took", () => {
    const result = flappingReport(story());
    expect(hasPassed(result)).toBe(true);
    expect(result.figures).toMatchObject({ ejectedAfterMs: 2_000, openings: 2, trials: 3, trialsAtOnce: 3 });
    expect(result.table.at(-1)).toEqual(["well again", "5.0 s", "50", "0", "0"]);
  });

  it("says which promise was broken", () => {
    const asked = story().asked;
    const one = asked.at(-1)!;
    expect(broken({ asked: [...asked, { ...one, error: "status 503" }] })).toEqual(["no client sees an error"]);
    expect(broken({ transitions: TRANSITIONS.slice(4) })).toEqual([
      "it is ejected everywhere, and again while it goes on failing",
      "never more than 3 requests at once try it, planet-wide",
    ]);
    expect(broken({ visits: Array.from({ length: 4 }, () => visit(20_100)) })).toEqual([
      "never more than 3 requests at once try it, planet-wide",
    ]);
    expect(broken({ spells: story().spells.filter(({ admission }) => admission !== 0.5) })).toEqual([
      "it comes back in steps of 10 %",
    ]);
    expect(broken({ asked: [...asked, { ...one, originId: "usw1" }] })).toEqual(["it is kept once it is well"]);
  });

  it("gives isolates a second to hear that it is well, and no more", () => {
    const asked = story().asked;
    const elsewhereAt = (sentMs: number) => [...asked, { ...asked.at(-1)!, sentMs, originId: "usw1" }];
    expect(broken({ asked: elsewhereAt(30_999) })).toEqual([]);
    expect(broken({ asked: elsewhereAt(31_000) })).toEqual(["it is kept once it is well"]);
    expect(broken({ asked: asked.filter(({ sentMs }) => sentMs < 31_000) })).toEqual(["it is kept once it is well"]);
  });

  describe("of steps that nobody saw", () => {
    /** The ramp without some of its steps, and the next look after a pause. */
    const without = (unseen: readonly number[], pauseMs: number) => ({
      spells: story()
        .spells.filter(({ admission }) => !unseen.includes(admission))
        .map((spell) => (spell.admission === Math.max(...unseen) + 0.1 ? { ...spell, unseenMs: pauseMs } : spell)),
    });
    const steps = "it comes back in steps of 10 %";

    it("believes those that came and went between two looks", () => {
      expect(broken(without([0.4], 1_050))).toEqual([]);
      expect(broken(without([0.3, 0.4], 2_000))).toEqual([]);
    });

    it("believes none that somebody had to see", () => {
      expect(broken(without([0.4], 990))).toEqual([steps]);
      expect(broken(without([0.3, 0.4], 1_990))).toEqual([steps]);
      expect(broken(without(ADMISSIONS, 10_000))).toEqual([steps]);
    });
  });

  it("says so of a ramp that falls back or ends below everything", () => {
    const [well, failing, out, ...ramp] = story().spells;
    const falling = ramp.map((spell, i) => (i === 5 ? { ...spell, admission: 0.4 } : spell));
    expect(broken({ spells: [well!, failing!, out!, ...falling] })).toEqual(["it comes back in steps of 10 %"]);
    expect(broken({ spells: story().spells.slice(0, -1) })).toContain("it comes back in steps of 10 %");
  });
});
