/** What a flapping origin meant to clients and to itself, computed from what was asked and from what reached it. */
import type { Transition } from "../../src/resilience/origin-history.ts";
import type { Visit } from "../relay.ts";
import type { ScenarioResult } from "../scenario.ts";

/** One request as its client saw it; `sentMs` is ms since the epoch. */
export interface Asked {
  readonly city: string;
  readonly sentMs: number;
  /** Who answered. */
  readonly originId: string | undefined;
  readonly error: string | undefined;
}

/** What the origin's breaker was seen to let through, from `fromMs` (ms since the epoch) until the next entry. */
export interface Spell {
  readonly fromMs: number;
  /** From the beginning of the look before until `fromMs`, ms: what came and went in between was not seen. */
  readonly unseenMs: number;
  /** `well` and `kept`: everything, before and after; `failing`: everything, still; `out`: trials; `ramp`: a share. */
  readonly kind: "well" | "failing" | "out" | "ramp" | "kept";
  /** The smallest share of requests admitted in any region, in [0, 1]. */
  readonly admission: number;
}

export interface FlappingStory {
  readonly originId: string;
  readonly trialPermits: number;
  readonly asked: readonly Asked[];
  readonly visits: readonly Visit[];
  /** Oldest first. */
  readonly transitions: readonly Transition[];
  readonly spells: readonly Spell[];
  /** How long a step of the ramp lasts at least, ms. */
  readonly stepMs: number;
  readonly failingSinceMs: number;
  readonly endMs: number;
}

/** Isolates learn of a change within this time, ms; what they send until then goes by what was before. */
const SETTLED_MS = 1_000;

const KINDS = ["well", "failing", "out", "ramp", "kept"] as const;
const HEADINGS: Readonly<Record<Spell["kind"], string>> = {
  well: "well",
  failing: "failing, not yet out",
  out: "out: trials only",
  ramp: "on the ramp",
  kept: "well again",
};

/** The closing words of the scenario. */
export function flappingReport(story: FlappingStory): ScenarioResult {
  const { asked, visits, transitions, trialPermits, originId } = story;
  const trials = trialVisits(visits, transitions);
  const trialsAtOnce = mostAtOnce(trials);
  const openings = transitions.filter(({ scope, to }) => scope === "world" && to === "open");
  const ejectedAfterMs = openings.length === 0 ? null : openings[0]!.atMs - story.failingSinceMs;
  const errors = asked.filter(({ error }) => error !== undefined);
  const rows = KINDS.map((kind) => ({ kind, ...during(story, kind) }));
  const keptAnswers = asked.filter(({ sentMs }) => isKept(story.spells, sentMs));
  const keptShare = keptAnswers.filter((one) => one.originId === originId).length / Math.max(1, keptAnswers.length);
  const climb = lastClimb(story.spells);
  const usualAtOnce = Math.max(
    ...rows.filter(({ kind }) => kind === "well" || kind === "failing").map((row) => row.atOnce),
  );
  return {
    checks: [
      {
        promise: "no client sees an error",
        kept: errors.length === 0,
        seen: `${errors.length} of ${asked.length} requests`,
      },
      {
        promise: "it is ejected everywhere, and again while it goes on failing",
        kept: openings.length >= 2,
        seen: `${openings.length} times, first after ${seconds(ejectedAfterMs ?? Number.NaN)}`,
      },
      {
        promise: `never more than ${trialPermits} requests at once try it, planet-wide`,
        kept: trials.length > 0 && trialsAtOnce <= trialPermits,
        seen: `${trialsAtOnce} at most in ${trials.length} trials; up to ${usualAtOnce} at once without a breaker`,
      },
      {
        promise: "it comes back in steps of 10 %",
        kept: climb.length > 1 && risesByTenths(climb, story.stepMs),
        seen: climb.map(({ admission }) => `${Math.round(admission * 100)} %`).join(", "),
      },
      {
        promise: "it is kept once it is well",
        kept: keptAnswers.length > 0 && keptShare === 1,
        seen: `${(keptShare * 100).toFixed(1)} % of ${keptAnswers.length} requests`,
      },
    ],
    figures: {
      requests: asked.length,
      errors: errors.length,
      ejectedAfterMs,
      openings: openings.length,
      trials: trials.length,
      trialsAtOnce,
      keptShare: keptAnswers.length === 0 ? null : keptShare,
    },
    table: [
      ["the origin is", "for", "requests", "reached it", "at once"],
      ...rows.map(({ kind, ms, requests, reached, atOnce }) => [
        HEADINGS[kind],
        seconds(ms),
        String(requests),
        String(reached),
        String(atOnce),
      ]),
    ],
    summary: [["failing to ejected everywhere", ejectedAfterMs === null ? "never" : seconds(ejectedAfterMs)]],
    errors: errors.slice(0, 3).map(({ city, error }) => `${city}: ${error}`),
  };
}

/**
 * The visits that were trials: begun while the breaker that rules in their region was not closed, and isolates had had
 * the time to hear of it.
 */
export function trialVisits(visits: readonly Visit[], transitions: readonly Transition[]): Visit[] {
  return visits.filter(({ region, beganMs }) => {
    const since = notClosedSince(region, transitions, beganMs);
    return since !== null && beganMs >= since + SETTLED_MS;
  });
}

/** Since when the origin is out in a region, or null where it is not. The world opening takes the regions' own over. */
function notClosedSince(region: string, transitions: readonly Transition[], atMs: number): number | null {
  let world: number | null = null;
  let own: number | null = null;
  for (const { scope, from, to, atMs: changedMs } of transitions) {
    if (changedMs > atMs) break;
    if (scope === "world") {
      // A region that was out already does not have to hear of it.
      if (to === "open" && from === "closed") world = own ?? changedMs;
      if (to === "closed") world = null;
      if (to === "open") own = null;
    } else if (scope === region) {
      if (to === "open" && from === "closed") own = changedMs;
      if (to === "closed") own = null;
    }
  }
  return world ?? own;
}

/** The most visits that were under way at the same time. */
export function mostAtOnce(visits: readonly Visit[]): number {
  const changes = visits.flatMap(({ beganMs, endedMs }) => [
    { atMs: beganMs, by: 1 },
    { atMs: endedMs, by: -1 },
  ]);
  let now = 0;
  let most = 0;
  // One that ends in the millisecond in which another begins may have ended after it: counted as if it had.
  for (const { by } of changes.toSorted((a, b) => a.atMs - b.atMs || b.by - a.by)) most = Math.max(most, (now += by));
  return most;
}

function during({ spells, asked, visits, endMs }: FlappingStory, kind: Spell["kind"]) {
  const own = visits.filter(({ beganMs }) => kindAt(spells, beganMs) === kind);
  const ms = spells.reduce(
    (sum, spell, index) => (spell.kind === kind ? sum + (spells[index + 1]?.fromMs ?? endMs) - spell.fromMs : sum),
    0,
  );
  const requests = asked.filter(({ sentMs }) => kindAt(spells, sentMs) === kind).length;
  return { ms, requests, reached: own.length, atOnce: mostAtOnce(own) };
}

function kindAt(spells: readonly Spell[], atMs: number): Spell["kind"] | undefined {
  return spells.findLast(({ fromMs }) => fromMs <= atMs)?.kind;
}

/** Whether every isolate had had the time to hear that the origin takes all of its requests again. */
function isKept(spells: readonly Spell[], atMs: number): boolean {
  const now = spells.findLast(({ fromMs }) => fromMs <= atMs);
  return now?.kind === "kept" && atMs >= now.fromMs + SETTLED_MS;
}

/** The last ramp, from its first step seen to the moment when everything was let through. */
function lastClimb(spells: readonly Spell[]): readonly Spell[] {
  const ramp = spells.slice(spells.findLastIndex(({ kind }) => kind === "out") + 1);
  const top = ramp.findIndex(({ kind }) => kind === "kept");
  return top === -1 ? ramp : ramp.slice(0, top + 1);
}

/** Whether a climb left no tenth out; one that was not seen must have had the time to come and go between two looks. */
function risesByTenths(climb: readonly Spell[], stepMs: number): boolean {
  let tenths = 0;
  for (const { admission, unseenMs } of climb) {
    const next = Math.round(admission * 10);
    if (Math.abs(admission * 10 - next) > 1e-9 || next <= tenths) return false;
    if (unseenMs < (next - tenths - 1) * stepMs) return false;
    tenths = next;
  }
  return tenths === 10;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
