// A model of the planet around one limiter: isolates, a network that loses, delays, repeats and reorders, restarts and
// clocks that step, with the real rules inside. What was admitted is judged in true time, which nobody in it can see.
import { IsolateClock } from "../../src/rate-limit/isolate-clock.ts";
import { KeyLease } from "../../src/rate-limit/key-lease.ts";
import { Ledger, type SavedLedger } from "../../src/rate-limit/ledger.ts";
import type { SliceReturn, TakeAnswer, TakeRequest } from "../../src/rate-limit/messages.ts";
import type { Rule } from "../../src/rate-limit/meter.ts";

export interface Weather {
  /** Share of messages lost, of messages delivered twice; 0..1. */
  readonly loss: number;
  readonly repeat: number;
  /** One way, in ms; a message in fifty takes ten times as long. */
  readonly delayMs: readonly [number, number];
  /** Chances per second. */
  readonly limiterRestarts: number;
  readonly isolateRestarts: number;
  readonly clockSteps: number;
  /** An isolate's traffic comes and goes, so that slices are held and spent late. */
  readonly moods: number;
}

export const CALM: Weather = {
  loss: 0,
  repeat: 0,
  delayMs: [5, 40],
  limiterRestarts: 0,
  isolateRestarts: 0,
  clockSteps: 0,
  moods: 0,
};

/** Each fault alone, where nothing else covers for a broken rule, and all of them together. */
export const WEATHERS: readonly Weather[] = [
  { ...CALM, moods: 3 },
  { ...CALM, moods: 3, delayMs: [1, 150], loss: 0.02 },
  { ...CALM, moods: 3, repeat: 0.3, loss: 0.1 },
  { ...CALM, moods: 3, limiterRestarts: 2 },
  { ...CALM, moods: 3, isolateRestarts: 0.5 },
  { ...CALM, moods: 3, clockSteps: 1 },
  {
    loss: 0.05,
    repeat: 0.1,
    delayMs: [1, 150],
    limiterRestarts: 0.5,
    isolateRestarts: 0.1,
    clockSteps: 0.3,
    moods: 2,
  },
];

export interface Admission {
  readonly atMs: number;
  readonly units: number;
}

export interface Trial {
  readonly rule: Rule;
  readonly mode: "exact" | "leased";
  readonly isolates: number;
  /** Units a second all isolates together are asked for, at a moment of true time. */
  readonly demand: (atMs: number) => number;
  readonly cost: number;
  readonly forMs: number;
  readonly weather: Weather;
  readonly random: () => number;
}

export interface Result {
  readonly admitted: readonly Admission[];
  readonly asked: number;
  readonly calls: number;
  readonly rows: number;
}

/** Isolates look at their clock at least this often, as a server with any traffic does. */
const TICK_MS = 5;
const TIMEOUT_MS = 100;
const START_MS = 1_700_000_000_000;

interface Isolate {
  lease: KeyLease;
  clock: IsolateClock;
  offsetMs: number;
  /** Counts restarts: an answer to an earlier life is nobody's. */
  life: number;
  fetchingSince: number | null;
  /** Requests that wait for the call under way, until when. */
  waiting: number[];
  giveBackAtMs: number;
  share: number;
  busy: boolean;
}

/** Runs a trial; the same `random` gives the same planet. */
export function runPlanet(trial: Trial): Result {
  const { rule, weather, random } = trial;
  let nowMs = START_MS;
  const admitted: Admission[] = [];
  let asked = 0;
  let calls = 0;
  let rows = 0;

  // The limiter: what is stored survives, the ledger in memory does not.
  let stored: string | null = null;
  let ledger: Ledger | null = null;
  let quietAtMs = Infinity;
  let limiterOffsetMs = 0;
  const wall = () => nowMs + limiterOffsetMs;
  const open = () =>
    (ledger ??= stored === null ? Ledger.create(rule) : Ledger.restore(JSON.parse(stored) as SavedLedger, wall()));
  const store = (saved: SavedLedger | null) => {
    if (saved === null) return;
    stored = JSON.stringify(saved);
    rows += 1;
  };

  // The network: messages are closures with a time.
  const inFlight: { atMs: number; run: () => void }[] = [];
  const send = (run: () => void) => {
    const [least, most] = weather.delayMs;
    for (let copies = random() < weather.repeat ? 2 : 1; copies > 0; copies--) {
      if (random() < weather.loss) continue;
      const slow = weather.loss > 0 && random() < 0.02 ? 10 : 1;
      inFlight.push({ atMs: nowMs + slow * (least + random() * (most - least)), run });
    }
  };

  const take = (request: TakeRequest, reply: (answer: TakeAnswer, decidedAtMs: number) => void) => {
    calls += 1;
    send(() => {
      const decidedAtMs = nowMs;
      const { answer, store: save } = open().take(request, wall());
      store(save);
      quietAtMs = nowMs + 1_000;
      send(() => reply(answer, decidedAtMs));
    });
  };
  const giveBack = (done: readonly SliceReturn[]) => {
    if (done.length === 0) return;
    calls += 1;
    send(() => {
      open().giveBack(done, [], wall());
      quietAtMs = nowMs + 1_000;
    });
  };

  const admit = (count: number) => {
    for (; count > 0; count--) admitted.push({ atMs: nowMs, units: trial.cost });
  };

  const isolates: Isolate[] = Array.from({ length: trial.isolates }, (_, i) => ({
    lease: new KeyLease(),
    clock: new IsolateClock(),
    offsetMs: Math.floor(random() * 2_000) - 1_000,
    life: 0,
    fetchingSince: null,
    waiting: [],
    giveBackAtMs: Infinity,
    // Uneven on purpose: the first isolate has far more traffic than the last.
    share: (2 * (trial.isolates - i)) / (trial.isolates * (trial.isolates + 1)),
    busy: true,
  }));

  function fetchSlice(isolate: Isolate): void {
    if (isolate.fetchingSince !== null) return;
    const { life, clock, lease } = isolate;
    const sentAtMs = clock.nowMs;
    const sentIn = clock.epoch;
    isolate.fetchingSince = nowMs;
    const request: TakeRequest = {
      id: String(random()),
      rule,
      mode: "leased",
      units: trial.cost,
      waiting: isolate.waiting.length * trial.cost,
      perSecond: lease.perSecond(clock),
      done: lease.takeDone(clock),
    };
    let answered = false;
    take(request, (answer) => {
      if (isolate.life !== life || answered) return;
      answered = true;
      isolate.clock.look(nowMs + isolate.offsetMs);
      isolate.fetchingSince = null;
      lease.receive(answer, trial.cost, sentAtMs, sentIn, clock);
      if (lease.owes()) isolate.giveBackAtMs = nowMs + lease.heldForMs(clock);
      const waiting = isolate.waiting;
      isolate.waiting = [];
      for (const untilMs of waiting) if (nowMs < untilMs) arrive(isolate, untilMs);
    });
  }

  function arrive(isolate: Isolate, untilMs: number): void {
    const spent = isolate.lease.spend(trial.cost, isolate.clock);
    if (spent === "blocked") return;
    if (spent === "empty") {
      isolate.waiting.push(untilMs);
      fetchSlice(isolate);
      return;
    }
    admit(1);
    if (isolate.lease.runsLow(isolate.clock)) fetchSlice(isolate);
  }

  /** `exact` is judged where it is decided; a call that arrives twice is charged twice and admits once. */
  function arriveExact(): void {
    let answered = false;
    take(
      { id: String(random()), rule, mode: "exact", units: trial.cost, waiting: 0, perSecond: 0, done: [] },
      (answer, decidedAtMs) => {
        if (answer.granted && !answered) admitted.push({ atMs: decidedAtMs, units: trial.cost });
        answered = true;
      },
    );
  }

  for (; nowMs < START_MS + trial.forMs; nowMs += TICK_MS) {
    const chance = (perSecond: number) => random() < (perSecond * TICK_MS) / 1_000;
    if (chance(weather.limiterRestarts)) ledger = null;
    // Only back: no limiter can tell a clock that jumps ahead from time that passed. And not where windows are cut by it.
    if (rule.algorithm !== "fixed-window" && chance(weather.clockSteps))
      limiterOffsetMs -= Math.floor(random() * 20_000);
    if (nowMs >= quietAtMs) {
      quietAtMs = Infinity;
      if (ledger !== null) store((ledger as Ledger).settle());
    }

    inFlight.sort((a, b) => a.atMs - b.atMs);
    while (inFlight.length > 0 && inFlight[0]!.atMs <= nowMs) inFlight.shift()!.run();

    for (const isolate of isolates) {
      if (chance(weather.isolateRestarts)) {
        isolate.lease = new KeyLease();
        isolate.clock = new IsolateClock();
        isolate.life += 1;
        isolate.fetchingSince = null;
        isolate.waiting = [];
        isolate.giveBackAtMs = Infinity;
      }
      if (chance(weather.clockSteps)) isolate.offsetMs += Math.floor((random() - 0.5) * 10_000);
      isolate.clock.look(nowMs + isolate.offsetMs);
      if (isolate.fetchingSince !== null && nowMs - isolate.fetchingSince > TIMEOUT_MS * 10)
        isolate.fetchingSince = null;
      if (nowMs >= isolate.giveBackAtMs) {
        isolate.giveBackAtMs = Infinity;
        giveBack(isolate.lease.takeDone(isolate.clock));
      }
      if (chance(weather.moods)) isolate.busy = !isolate.busy;
      if (!isolate.busy) continue;
      const expected = (trial.demand(nowMs - START_MS) * isolate.share * TICK_MS) / 1_000 / trial.cost;
      const arrivals = Math.floor(expected) + (random() < expected % 1 ? 1 : 0);
      asked += arrivals * trial.cost;
      for (let i = 0; i < arrivals; i++) {
        isolate.lease.want(trial.cost, isolate.clock);
        if (trial.mode === "leased") arrive(isolate, nowMs + TIMEOUT_MS);
        else arriveExact();
      }
    }
  }
  return { admitted, asked, calls, rows };
}

/** Units over an algorithm's own promise, at the worst moment; 0 when it was kept. */
export function unitsOver(rule: Rule, admitted: readonly Admission[]): number {
  const log = admitted.toSorted((a, b) => a.atMs - b.atMs);
  let worst = 0;
  if (rule.algorithm === "fixed-window") {
    const windows = new Map<number, number>();
    for (const { atMs, units } of log) {
      const window = Math.floor(atMs / rule.windowMs);
      windows.set(window, (windows.get(window) ?? 0) + units);
    }
    for (const used of windows.values()) worst = Math.max(worst, used - rule.limit);
    return worst;
  }
  if (rule.algorithm === "token-bucket") {
    const perMs = rule.limit / rule.windowMs;
    let sum = 0;
    let lowest = Infinity;
    for (const { atMs, units } of log) {
      const passed = (atMs - START_MS) * perMs;
      lowest = Math.min(lowest, sum - passed);
      sum += units;
      worst = Math.max(worst, sum - passed - lowest - rule.burst - 1e-6);
    }
    return worst;
  }
  let inWindow = 0;
  for (let first = 0, last = 0; last < log.length; last++) {
    inWindow += log[last]!.units;
    while (log[first]!.atMs + rule.windowMs <= log[last]!.atMs) inWindow -= log[first++]!.units;
    worst = Math.max(worst, inWindow - rule.limit);
  }
  return worst;
}
