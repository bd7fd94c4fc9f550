/** What an outage meant to clients, computed from their requests alone. */
import { demoOrigins } from "../origin.ts";
import type { Check, ScenarioResult } from "../scenario.ts";
import type { LoadRecord } from "../load.ts";

/** When things happened, in ms since the load started. */
export interface OutageMarks {
  /** The origin was told to go down ... */
  readonly killAskedMs: number;
  /** ... and nobody listens any more. */
  readonly killedMs: number;
  readonly restoreAskedMs: number;
  readonly restoredMs: number;
  /** Traffic was seen to be back, or undefined if it was not in the time given. */
  readonly recoveredMs: number | undefined;
}

/** This many requests in a row from every former client, all served by the origin again, count as its full share. */
const FULL_SHARE_RUN = 10;

const PHASES = ["before", "during", "after"] as const;

/** Cities whose latest requests before `untilMs`, a full share of them, `originId` served without exception. */
export function clientsOf(originId: string, records: readonly LoadRecord[], untilMs: number): string[] {
  const cities = [...new Set(records.map(({ city }) => city))];
  return cities.filter((city) => latestRun(originId, city, records, untilMs).length >= FULL_SHARE_RUN);
}

/** A city's latest requests before `untilMs` that `originId` served without exception. */
function latestRun(originId: string, city: string, records: readonly LoadRecord[], untilMs: number): LoadRecord[] {
  const ofCity = inOrder(records.filter((record) => record.city === city && record.endedAtMs < untilMs));
  return ofCity.slice(ofCity.findLastIndex((record) => record.originId !== originId) + 1);
}

/** When the last of `cities` had got the first answer of a run that `originId` served without exception; undefined: not yet. */
export function fullShareSinceMs(
  originId: string,
  cities: readonly string[],
  records: readonly LoadRecord[],
  sinceMs: number,
): number | undefined {
  let sinceAllMs: number | undefined;
  for (const city of cities) {
    const sent = inOrder(records.filter((record) => record.city === city && record.sentAtMs >= sinceMs));
    let run: LoadRecord[] = [];
    for (const record of sent) {
      if (run.length >= FULL_SHARE_RUN) break;
      run = record.originId === originId ? [...run, record] : [];
    }
    if (run.length < FULL_SHARE_RUN) return undefined;
    sinceAllMs = Math.max(sinceAllMs ?? 0, run[0]!.endedAtMs);
  }
  return sinceAllMs;
}

/** The closing words of the scenario. */
export function outageReport(originId: string, records: readonly LoadRecord[], marks: OutageMarks): ScenarioResult {
  const story = storyOf(originId, records, marks);
  const { phases } = story;
  return {
    checks: checksOf(story),
    figures: {
      requests: records.length,
      clientErrors: story.errors.length,
      failOverMs: rounded(story.failOverMs),
      firstRequestAfterKillMs: rounded(story.firstTookMs),
      /** 1: a request that met the dead origin was answered by another all the same. 0: none did, or they failed. */
      failedOverInSameRequest: story.isSameRequest ? 1 : 0,
      recoverMs: rounded(story.recoverMs),
      fullShareMs: rounded(story.fullShareMs),
      ...shares(phases),
    },
    table: tableOf(phases),
    summary: [
      ["time to fail over", duration(story.failOverMs)],
      ["first request after the kill took", duration(story.firstTookMs)],
      ["time to recover, first request", duration(story.recoverMs)],
      ["time to recover, full share", duration(story.fullShareMs)],
    ],
    errors: story.errors.slice(0, 5).map(({ city, sentAtMs, error, attempts }) => {
      return `${city}, ${(sentAtMs / 1000).toFixed(2)} s: ${error} ${attempts === "" ? "" : `(${attempts})`}`.trimEnd();
    }),
  };
}

/** What the requests tell of the outage. */
function storyOf(originId: string, records: readonly LoadRecord[], marks: OutageMarks) {
  const cities = clientsOf(originId, records, marks.killAskedMs);
  const phases = phasesOf(originId, cities, records, marks);
  const theirs = inOrder(records.filter((record) => cities.includes(record.city)));
  const first = theirs.find((record) => record.sentAtMs >= marks.killedMs);
  const elsewhere = phases.during.filter(
    (record) => cities.includes(record.city) && isServedElsewhere(record, originId),
  );
  const backAgain = theirs.filter((record) => record.sentAtMs >= marks.restoreAskedMs && record.originId === originId);
  return {
    originId,
    records,
    cities,
    phases,
    first,
    elsewhere,
    errors: records.filter((record) => record.error !== undefined),
    failOverMs: least(elsewhere.map((record) => record.endedAtMs - marks.killedMs)),
    firstTookMs: first !== undefined && isServedElsewhere(first, originId) ? first.endedAtMs - first.sentAtMs : null,
    // Not the first one sent after the kill: one that was on its way may have met it already, and taken word of it home.
    isSameRequest: records.some(
      (record) =>
        record.endedAtMs >= marks.killAskedMs &&
        record.sentAtMs < marks.restoreAskedMs &&
        record.attempts.startsWith(`${originId}=`) &&
        isServedElsewhere(record, originId),
    ),
    recoverMs: least(backAgain.map((record) => record.endedAtMs - marks.restoredMs)),
    fullShareMs: marks.recoveredMs === undefined ? null : marks.recoveredMs - marks.restoredMs,
  };
}

type Phases = Readonly<Record<(typeof PHASES)[number], readonly LoadRecord[]>>;

function phasesOf(
  originId: string,
  cities: readonly string[],
  records: readonly LoadRecord[],
  marks: OutageMarks,
): Phases {
  // Until its clients have found it, what the others serve says nothing.
  const settledMs = Math.max(
    0,
    ...cities.map((city) => latestRun(originId, city, records, marks.killAskedMs)[0]!.sentAtMs),
  );
  return {
    before: records.filter((record) => record.sentAtMs >= settledMs && record.endedAtMs < marks.killAskedMs),
    during: records.filter((record) => record.sentAtMs >= marks.killedMs && record.endedAtMs < marks.restoreAskedMs),
    after: records.filter((record) => record.sentAtMs >= (marks.recoveredMs ?? Infinity)),
  };
}

function checksOf(story: ReturnType<typeof storyOf>): Check[] {
  const { originId, records, cities, phases, first, elsewhere, errors, fullShareMs } = story;
  const servedIn = (phase: (typeof PHASES)[number]) =>
    phases[phase].filter((record) => record.originId === originId).length;
  return [
    {
      promise: "no client sees an error",
      kept: records.length > 0 && errors.length === 0,
      seen: `${errors.length} of ${records.length} requests`,
    },
    {
      promise: `${originId} serves its own clients before`,
      kept: cities.length > 0,
      seen: cities.join(", ") || "none",
    },
    {
      promise: "the first request after the kill is answered by another region",
      kept: story.firstTookMs !== null,
      seen: first === undefined ? "no such request" : first.attempts || (first.originId ?? String(first.error)),
    },
    {
      promise: `others serve its clients while ${originId} is down`,
      kept: elsewhere.length > 0 && servedIn("during") === 0,
      seen: `${elsewhere.length} requests elsewhere, ${servedIn("during")} there`,
    },
    {
      promise: `${originId} gets its clients back`,
      kept: story.recoverMs !== null && fullShareMs !== null && servedIn("after") > 0,
      seen: fullShareMs === null ? "not within the time given" : `${servedIn("after")} requests after its recovery`,
    },
  ];
}

function tableOf(phases: Phases): string[][] {
  return [
    ["", ...PHASES],
    ...demoOrigins(0).map(({ id, name }) => [
      `${name} (${id})`,
      ...PHASES.map((phase) => percent(shareOf(id, phases[phase]))),
    ]),
    ["requests", ...PHASES.map((phase) => String(phases[phase].length))],
    [
      "errors seen by clients",
      ...PHASES.map((phase) => String(phases[phase].filter(({ error }) => error !== undefined).length)),
    ],
  ];
}

function isServedElsewhere(record: LoadRecord, originId: string): boolean {
  return record.error === undefined && record.originId !== originId;
}

/** `before_use1`: the share of requests before the outage that use1 served, 0 to 1. */
function shares(phases: Phases): Record<string, number | null> {
  return Object.fromEntries(
    PHASES.flatMap((phase) => demoOrigins(0).map(({ id }) => [`${phase}_${id}`, shareOf(id, phases[phase])])),
  );
}

function shareOf(id: string, records: readonly LoadRecord[]): number | null {
  return records.length === 0 ? null : records.filter((record) => record.originId === id).length / records.length;
}

function percent(share: number | null): string {
  return share === null ? "-" : `${(share * 100).toFixed(0)} %`;
}

function duration(ms: number | null): string {
  return ms === null ? "never" : ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function inOrder(records: readonly LoadRecord[]): LoadRecord[] {
  return records.toSorted((a, b) => a.sentAtMs - b.sentAtMs);
}

function least(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.min(...values);
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
